"""The surrogate benchmarks that ship: HW-GPT-Bench (the authors' predictors) and Accel-NASBench (models fitted here).

`nasbench/tables/data` holds their files and `DATA.md`, which says where they come from; `nasbench.benchmarks.pack_surrogates` makes them.
"""

from __future__ import annotations

import io
from functools import cache, partial

import numpy as np

from nasbench.benchmarks.perplexity_network import PerplexityNetwork
from nasbench.benchmarks.surrogate import HeldOutError, PredictedObjective, SurrogateBenchmark
from nasbench.errors import unknown_name
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.hw_gpt_bench import SCALES, HwGptBenchSpace
from nasbench.tables.shipped import ShippedModel, read_checked, shipped_models

HW_GPT_BENCH, ACCEL_NASBENCH = "hw-gpt-bench", "accel-nasbench"
NAMES = (*(f"{HW_GPT_BENCH}/{scale}" for scale in SCALES), f"{ACCEL_NASBENCH}/imagenet")


def is_surrogate(name: str) -> bool:
    """Return whether a name of a benchmark belongs to a family of this module."""
    return name.partition("/")[0] in (HW_GPT_BENCH, ACCEL_NASBENCH)


@cache
def surrogate_benchmark(name: str) -> SurrogateBenchmark:
    """Return the benchmark of a name such as `hw-gpt-bench/s` or `accel-nasbench/imagenet`.

    Raises:
        NasbenchError: if there is none, with the nearest match, or a file is damaged.
    """
    if name not in NAMES:
        raise unknown_name("benchmark", name, NAMES)
    shipped = shipped_models()[name]
    return _accel_nasbench(name, shipped) if name.startswith(ACCEL_NASBENCH) else _hw_gpt_bench(name, shipped)


def _hw_gpt_bench(name: str, shipped: ShippedModel) -> SurrogateBenchmark:
    space = get_space(name.replace("/", "-"))
    assert isinstance(space, HwGptBenchSpace)
    with np.load(io.BytesIO(read_checked(shipped.file, shipped.sha256)), allow_pickle=False) as arrays:
        network = PerplexityNetwork(space, dict(arrays))
    best = partial(space.from_string, shipped.best_known["perplexity"])
    perplexity = PredictedObjective(network, "perplexity", best, is_exact=False)
    return SurrogateBenchmark(
        name=name,
        space=space,
        predictions={"perplexity": perplexity, "error": perplexity},
        checksum=f"{name} {shipped.sha256}",
    )


def _accel_nasbench(name: str, shipped: ShippedModel) -> SurrogateBenchmark:
    from nasbench.benchmarks.accel_nasbench import TRAIN_SECONDS, predictions, predictor, read_models

    space = get_space(ACCEL_NASBENCH)
    models = read_models(read_checked(shipped.file, shipped.sha256), space)
    return SurrogateBenchmark(
        name=name,
        space=space,
        predictions=predictions(models, shipped.best_known),
        checksum=f"{name} {shipped.sha256}",
        seconds=predictor(TRAIN_SECONDS, models[TRAIN_SECONDS]),
        held_out={objective: HeldOutError(**errors) for objective, errors in shipped.held_out.items()},
    )
