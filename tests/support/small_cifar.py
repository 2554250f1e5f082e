"""CIFAR-10 at tiny size: six files of records whose classes can be told by their colour, and what a task must believe to read them."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

RECORDS = 60
"""Of each file; five files of 60 leave 200 to train on beside `SEARCH`."""
SEARCH = 100


def small_files() -> dict[str, bytes]:
    """The six files, by name."""
    from nasbench.live.tasks import cifar10

    rng = np.random.default_rng(0)
    files = {}
    for name in cifar10.SHA256:
        labels = rng.integers(0, 10, RECORDS).astype(np.uint8)
        images = rng.integers(0, 40, (RECORDS, 3, 32, 32)) + 20 * labels[:, None, None, None] % 200
        files[name] = np.concatenate([labels[:, None], images.reshape(RECORDS, -1).astype(np.uint8)], axis=1).tobytes()
    return files


def believe(files: dict[str, bytes], patch: Any = setattr) -> None:
    """Make the task take these files for CIFAR-10; `patch` may be `monkeypatch.setattr`."""
    from nasbench.live.tasks import cifar10

    patch(cifar10, "SHA256", {name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    patch(cifar10, "SEARCH_IMAGES", SEARCH)
