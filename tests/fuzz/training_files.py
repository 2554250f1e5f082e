"""Damage to what trainings and evidence leave: checkpoints, the record, its registration, and parts of CIFAR-10."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.evidence.plans import REHEARSAL
from nasbench.live.evidence.record import new_record, read_record, write_record
from nasbench.live.evidence.registration import register, registrations
from nasbench.live.tasks import cifar10, packing
from nasbench.live.training import checkpoint

from mutations import mutate
from small_cifar import small_files

SHORT = 60


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Damage one file at a time; what is read must be what was written, or be refused."""
    readers = _artefacts(folder)
    whole = {path: repr(read(path)) for path, read in readers.items()}
    rng, paths = np.random.default_rng(seed), sorted(readers)
    counts: Counter[str] = Counter()
    for _ in range(n):
        path = paths[int(rng.integers(len(paths)))]
        sound = path.read_bytes()
        what, damaged = mutate(sound, rng)
        path.write_bytes(damaged)
        counts["tried"] += 1
        try:
            counts["harmless" if repr(readers[path](path)) == whole[path] else "silent"] += 1
        except NasbenchError:
            counts["refused"] += 1
        except Exception as fault:
            print(f"{path.name}: {what}: {type(fault).__name__}: {fault}")
            counts["tracebacks"] += 1
        path.write_bytes(sound)
    return counts


def _artefacts(folder: Path) -> dict[Path, Callable[[Path], object]]:
    """Write one file of each kind; return what reads it, by its path."""
    checkpoint.save(
        folder / "checkpoint.pt", {"identity": {"recipe": "r"}, "weights": torch.arange(400.0), "curve": [1.0]}
    )
    settings = REHEARSAL.as_dict()
    record = new_record(settings, "0" * 64, None)
    record["trainings"] = [{"kind": "found", "seed": 0, "architecture": "a", "test_error": 3.5}]
    write_record(folder / "record.json", record)
    registered = register(settings, "0" * 64, 96.6, folder / "registered")
    files = small_files()
    records = packing.Records("cifar10", tuple(cifar10.SHA256), image=(3, 32, 32), most=60_000)
    first, _ = packing.pack(records, files, 2, folder / "parts")
    return {
        folder / "checkpoint.pt": checkpoint.read,
        folder / "record.json": read_record,
        registered: lambda path: registrations(REHEARSAL.name, path.parent)[0].content,
        first: lambda path: packing.join(records, path.parent),
    }
