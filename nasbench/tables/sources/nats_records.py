"""Records of NATS-Bench and NAS-Bench-201, as their authors store them: what they hold, and how they become columns.

Every seed and every epoch of the accuracies is kept; losses, top-5 accuracies and weights are not. Trainings of different length (12
and 200 epochs in the topology space, 1, 12 and 90 in the size space) have schedules of their own and stay apart as fidelities.

- `cifar10`: validation is that of the training with 25,000 images (`x-valid` of the record `cifar10-valid`), test that of the
  training with all 50,000 (`ori-test` of `cifar10`). `cifar10-valid` is the first training alone, with its own test accuracy.
- `cifar100`, `imagenet16-120`: validation and test are the halves of the official test set (`x-valid`, `x-test`); the whole of it
  is the split `validation+test`, of which no search should know.
- `train_time` (s): the training and one pass over the validation set, mean over seeds: what the authors' simulator charges.
- `latency` (ms): one batch on the authors' GPU, mean over the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nats_size import NatsSizeSpace

Closed = NasBench201Space | NatsSizeSpace
Key = tuple[str, str, int]
SEEDS = (111, 777, 888, 999)
SPACES: Mapping[str, tuple[type[Closed], Mapping[str, int]]] = {
    "nats-bench-topology": (NasBench201Space, {"12": 12, "200": 200}),
    "nats-bench-size": (NatsSizeSpace, {"01": 1, "12": 12, "90": 90}),
    "nas-bench-201-pth": (NasBench201Space, {"less": 12, "full": 200}),
}
"""For each format the space, and the trainings with their epochs."""
SERIES = (
    ("cifar10", "train", "cifar10-valid", ""),
    ("cifar10", "validation", "cifar10-valid", "x-valid"),
    ("cifar10", "test", "cifar10", "ori-test"),
    ("cifar10-valid", "validation", "cifar10-valid", "x-valid"),
    ("cifar10-valid", "test", "cifar10-valid", "ori-test"),
    ("cifar100", "train", "cifar100", ""),
    ("cifar100", "validation", "cifar100", "x-valid"),
    ("cifar100", "test", "cifar100", "x-test"),
    ("cifar100", "validation+test", "cifar100", "ori-test"),
    ("imagenet16-120", "train", "ImageNet16-120", ""),
    ("imagenet16-120", "validation", "ImageNet16-120", "x-valid"),
    ("imagenet16-120", "test", "ImageNet16-120", "x-test"),
    ("imagenet16-120", "validation+test", "ImageNet16-120", "ori-test"),
)
"""Data set and split of a column, and where its numbers are: name of the training in the records, and of the evaluation."""
TRAININGS = {
    "cifar10": "cifar10-valid",
    "cifar10-valid": "cifar10-valid",
    "cifar100": "cifar100",
    "imagenet16-120": "ImageNet16-120",
}
"""For each data set the training that a search pays for."""


@dataclass
class Chunk:
    """What a run of files holds.

    Attributes:
        index: space index of each network, `(n,)`.
        accuracy: (data set, split, epochs) to accuracies in %, `(n, seeds, epochs)`, NaN where there is none.
        scalar: (data set, quantity, epochs) to `(n,)`, NaN where there is none; latency has 0 epochs.
        differing: networks whose recorded parameters are not those of the closed form.
    """

    index: list[int]
    accuracy: dict[Key, NDArray[np.float32]]
    scalar: dict[Key, NDArray[np.float64]]
    differing: list[str] = field(default_factory=list)


def empty_chunk(kind: str, networks: int) -> Chunk:
    """Return an empty chunk for that many networks."""
    trainings = SPACES[kind][1]
    return Chunk(
        [],
        {
            (dataset, split, epochs): np.full((networks, len(SEEDS), epochs), np.nan, dtype=np.float32)
            for epochs in trainings.values()
            for dataset, split, *_ in SERIES
        },
        {(dataset, *what): np.full(networks, np.nan) for dataset in TRAININGS for what in _scalars(trainings)},
    )


def add_record(chunk: Chunk, kind: str, where: str, record: Any) -> int:
    """Enter a record in the next row of a chunk; return the number that it gives its network.

    Args:
        chunk: with room.
        kind: one of `SPACES`.
        where: the record's file, or what else to call it in an error.
        record: training to `{arch_index, arch_str, all_results}`.

    Raises:
        NasbenchError: naming the record, if it is none of that kind.
    """
    space_class, trainings = SPACES[kind]
    if not isinstance(record, dict) or not all(isinstance(p, dict) and "all_results" in p for p in record.values()):
        raise NasbenchError(f"{where} is no record of NATS-Bench; it should map each training to its 'all_results'.")
    if set(record) != set(trainings):
        raise NasbenchError(f"{where} holds the trainings {sorted(record)}; those of {kind} are {sorted(trainings)}.")
    try:
        _fill(chunk, len(chunk.index), record, trainings, space_class())
        return int(record[next(iter(trainings))]["arch_index"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as fault:
        raise NasbenchError(f"{where} is no whole record of NATS-Bench ({type(fault).__name__}: {fault}).") from None


def _scalars(trainings: Mapping[str, int]) -> list[tuple[str, int]]:
    return [("latency", 0), *(("train_time", epochs) for epochs in trainings.values())]


def _fill(chunk: Chunk, row: int, record: Mapping[str, Any], trainings: Mapping[str, int], space: Closed) -> None:
    texts = {record[training]["arch_str"] for training in trainings}
    if len(texts) != 1:
        raise ValueError(f"it describes {len(texts)} networks")
    architecture = space.from_string(texts.pop())
    chunk.index.append(int(space.index(architecture)))
    latencies: dict[str, list[float]] = {dataset: [] for dataset in TRAININGS}
    for training, epochs in trainings.items():
        results = record[training]["all_results"]
        seconds: dict[str, list[float]] = {dataset: [] for dataset in TRAININGS}
        for (name, seed), result in results.items():
            position = SEEDS.index(int(seed))
            if result["epochs"] != epochs:
                raise ValueError(f"a training of {result['epochs']} epochs among those of {epochs}")
            for dataset, split, source, evaluation in SERIES:
                if source == name:
                    chunk.accuracy[dataset, split, epochs][row, position] = _curve(result, evaluation, epochs)
            for dataset, source in TRAININGS.items():
                if source == name:
                    evaluated = result["eval_times"][f"x-valid@{epochs - 1}"]
                    seconds[dataset].append(sum(result["train_times"].values()) + evaluated)
                    latencies[dataset].extend(float(latency) for latency in result["latency"])
                    _compare(chunk, space, architecture, dataset, result)
        for dataset, times in seconds.items():
            chunk.scalar[dataset, "train_time", epochs][row] = np.mean(times) if times else np.nan
    for dataset, measured in latencies.items():
        chunk.scalar[dataset, "latency", 0][row] = 1e3 * np.mean(measured) if measured else np.nan


def _curve(result: Mapping[str, Any], evaluation: str, epochs: int) -> NDArray[np.float32]:
    """Return the accuracy after each epoch, NaN where it was not evaluated; raises `ValueError` for what is no
    percentage.
    """
    series = result["eval_acc1es"] if evaluation else result["train_acc1es"]
    keys: list[Any] = [f"{evaluation}@{epoch}" for epoch in range(epochs)] if evaluation else list(range(epochs))
    values = np.array([series.get(key, np.nan) for key in keys], dtype=np.float32)
    given = np.array([series[key] for key in keys if key in series], dtype=np.float64)
    if not ((given >= 0) & (given <= 100)).all():
        raise ValueError(f"{evaluation or 'training'} accuracies outside 0 to 100")
    return values


def _compare(
    chunk: Chunk, space: Closed, architecture: NDArray[np.int8], dataset: str, result: Mapping[str, Any]
) -> None:
    text = space.to_string(architecture)
    closed = float(space.parameters(architecture, dataset))
    if abs(closed - float(result["params"])) > 1e-9 and text not in chunk.differing:
        chunk.differing.append(text)
