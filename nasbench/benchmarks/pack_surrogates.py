"""Make the files of the surrogate benchmarks in `nasbench/tables/data` from the sources, or check them against the sources.

    python -m nasbench.benchmarks.pack_surrogates SOURCE            # fits, searches, writes the files and their part of manifest.json
    python -m nasbench.benchmarks.pack_surrogates SOURCE --check    # fits and compares

SOURCE is a folder with `accel-nasbench.parquet` and `hw-gpt-bench-perplexity-{s,m,l}.npz`, as `DATA.md` describes them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.benchmarks.accel_nasbench import (
    FEATURE,
    QUANTITIES,
    TrainingRecords,
    find_optima,
    fit_models,
    held_out_errors,
    read_models,
    read_trainings,
)
from nasbench.benchmarks.pairwise_model import feature_names
from nasbench.benchmarks.perplexity_network import PerplexityNetwork
from nasbench.benchmarks.surrogates import ACCEL_NASBENCH, HW_GPT_BENCH
from nasbench.errors import NasbenchError
from nasbench.spaces.accel_nasbench import BLOCKS, EXPANSIONS, KERNELS, LAYERS
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.hw_gpt_bench import SCALES, HwGptBenchSpace
from nasbench.spaces.space import Architectures
from nasbench.tables.packed import ARCHITECTURE
from nasbench.tables.shipped import read_checked, read_shipped, shipped_models

STARTS = 200
"""Random architectures from which the best known one is searched by steepest descent."""
CLOSE = 1e-6
"""Differences of coefficients that libraries may make."""


def pack_trainings(frame: pd.DataFrame) -> bytes:
    """Return the Parquet file of the trainings: architectures as strings, measurements as they are."""
    space, parts = get_space(ACCEL_NASBENCH), []
    for block in range(BLOCKS):
        choices = {"e": EXPANSIONS, "k": KERNELS, "l": LAYERS[block], "se": (0, 1)}
        parts += [frame[f"block{block}_{part}"].map(lambda v, own=own: own.index(v)) for part, own in choices.items()]
    architectures = np.column_stack(parts).astype(np.int8)
    measured = {
        name: frame[name].to_numpy(dtype=np.float64) for name in map(str, frame) if not name.startswith("block")
    }
    texts = [space.to_string(one) for one in architectures]
    return _parquet(pa.table({ARCHITECTURE: texts, **measured}))


def pack_models(trainings: TrainingRecords) -> bytes:
    """Return the Parquet file of models that are fitted to all trainings."""
    space = get_space(ACCEL_NASBENCH)
    models = fit_models(space, trainings, np.ones(len(trainings.architectures), dtype=bool))
    return _parquet(pa.table({FEATURE: feature_names(space), **{name: m.coefficients for name, m in models.items()}}))


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", compression_level=19, row_group_size=len(table), write_statistics=False
    )
    return bytes(sink.getvalue())


def search_best(network: PerplexityNetwork, starts: int = STARTS) -> tuple[Architectures, float]:
    """Return the best architecture `(d,)` that steepest descents find, canonical, and its prediction.

    Descents over single decisions start at random architectures; the best of their ends descends on over pairs of decisions.
    """
    space = network.space
    here = space.sample(np.random.default_rng(0).random((starts, space.d)))
    value = network(here)
    moving = np.arange(starts)
    while len(moving):
        around = space.neighbours(here[moving])
        values = network(around)
        least = values.argmin(axis=1)
        better = values[np.arange(len(moving)), least] < value[moving]
        moving, around, least, values = moving[better], around[better], least[better], values[better]
        each = np.arange(len(moving))
        here[moving], value[moving] = around[each, least], values[each, least]
    best, reached = here[value.argmin()], float(value.min())
    while True:
        around = space.neighbours(space.neighbours(best)).reshape(-1, space.d)
        values = network(around)
        if not values.min() < reached:
            return space.canonical(best), reached
        best, reached = around[values.argmin()], float(values.min())


def main() -> None:
    """Pack or check, as the head of this module says."""
    parser = argparse.ArgumentParser(description="Make the surrogate benchmarks that ship, or check them.")
    parser.add_argument("source", type=Path, help="folder with the measurements and predictors, see DATA.md")
    parser.add_argument("--check", action="store_true", help="compare what ships with the sources")
    parser.add_argument("--out", type=Path, default=Path(str(files("nasbench.tables") / "data")), help="where to write")
    given = parser.parse_args()
    networks = {
        f"{HW_GPT_BENCH}/{scale}": (given.source / f"{HW_GPT_BENCH}-perplexity-{scale}.npz").read_bytes()
        for scale in SCALES
    }
    trainings = pack_trainings(pd.read_parquet(given.source / f"{ACCEL_NASBENCH}.parquet"))
    (_check if given.check else _write)(networks, trainings, given.out)


def _write(networks: dict[str, bytes], packed: bytes, out: Path) -> None:
    entries: dict[str, Any] = {}
    for name, weights in networks.items():
        file, space = f"{name.replace('/', '-')}.npz", get_space(name.replace("/", "-"))
        assert isinstance(space, HwGptBenchSpace)
        best, value = search_best(PerplexityNetwork(space, dict(np.load(io.BytesIO(weights), allow_pickle=False))))
        print(f"{name}: best known perplexity {value:.4f}")
        entries[name] = _entry(out, file, weights) | {
            "trainings": None,
            "best_known": {"perplexity": space.to_string(best)},
            "held_out": {},
        }
    space, trainings = get_space(ACCEL_NASBENCH), f"{ACCEL_NASBENCH}-trainings.parquet"
    measured = read_trainings(packed, space)
    models = pack_models(measured)
    errors = {name: asdict(found) for name, found in held_out_errors(space, measured).items()}
    entries[f"{ACCEL_NASBENCH}/imagenet"] = _entry(out, f"{ACCEL_NASBENCH}-models.parquet", models) | {
        "trainings": list(_entry(out, trainings, packed).values()),
        "best_known": find_optima(read_models(models, space)),
        "held_out": errors,
    }
    print(json.dumps(errors, indent=1))
    manifest = json.loads(read_shipped("manifest.json")) | {"models": entries}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _entry(out: Path, file: str, content: bytes) -> dict[str, Any]:
    (out / file).write_bytes(content)
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest()}


def _check(networks: dict[str, bytes], packed: bytes, out: Path) -> None:
    shipped = shipped_models()
    for name, weights in networks.items():
        if read_checked(shipped[name].file, shipped[name].sha256) != weights:
            raise NasbenchError(f"The predictor of {name} that ships is not that of its source.")
        print(f"{name}: the predictor of the source")
    entry, space = shipped[f"{ACCEL_NASBENCH}/imagenet"], get_space(ACCEL_NASBENCH)
    assert entry.trainings is not None
    held, source = (read_trainings(content, space) for content in (read_checked(*entry.trainings), packed))
    same = np.array_equal(held.architectures, source.architectures) and all(
        held.measured[name].tobytes() == source.measured[name].tobytes() for name in source.measured
    )
    fitted, ours = read_models(pack_models(held), space), read_models(read_checked(entry.file, entry.sha256), space)
    apart = max(float(np.abs(fitted[name].coefficients - ours[name].coefficients).max()) for name in QUANTITIES)
    same &= find_optima(ours) == entry.best_known
    if not same or apart > CLOSE:
        raise NasbenchError("The trainings or models of Accel-NASBench that ship are not those of the source.")
    print(f"{ACCEL_NASBENCH}: the trainings of the source; coefficients of a new fit differ by at most {apart:.1e}")


if __name__ == "__main__":
    main()
