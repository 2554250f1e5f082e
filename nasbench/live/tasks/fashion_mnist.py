"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017):

60,000 training and 10,000 test images of 28 x 28 pixels in ten classes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.live.tasks.checksums import place, read_verified
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Fetched, Split, Splits, Task, shuffled, task_folder

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""SHA-256 of the decompressed files, since packagings compress them differently."""
OFFICIAL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SEARCH_IMAGES = 6000


def load() -> Splits:
    """Return 54,000 / 6,000 / 10,000 images;

    the search split is cut from the training images by a fixed permutation.
    """
    folder = task_folder("fashion-mnist")
    if not all((folder / name).is_file() for name in SHA256):
        raise NasbenchError("Fashion-MNIST is not in the cache; run: nasbench data fetch fashion-mnist")
    raw = [read_verified(folder / name, digest) for name, digest in SHA256.items()]
    x, y, x_test, y_test = (_idx(content) for content in raw)
    order = shuffled(len(x))
    kept, held = order[SEARCH_IMAGES:], order[:SEARCH_IMAGES]
    return Splits(_split(x[kept], y[kept]), _split(x[held], y[held]), _split(x_test, y_test))


def _idx(content: bytes) -> np.ndarray:
    axes = content[3]
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", axes, 4))
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _split(x: np.ndarray, y: np.ndarray) -> Split:
    return Split(x[:, None], y.astype(np.int64))


def fetch(source: Path | None) -> Fetched:
    """Fetch the four files into the cache; return its folder and the source used.

    Args:
        source: a folder with the four files, compressed or not; None for Debian's package `dataset-fashion-mnist` if
            installed, else a download from the official address.
    """
    folder = source or (DEBIAN if DEBIAN.is_dir() else None)
    if folder is None:
        with tempfile.TemporaryDirectory() as scratch:
            files = _from_folder(_download(Path(scratch)))
    else:
        files = _from_folder(folder)
    place(task_folder("fashion-mnist"), files, SHA256)
    return Fetched(task_folder("fashion-mnist"), OFFICIAL if folder is None else str(folder))


def _from_folder(folder: Path) -> dict[str, bytes]:
    files = {}
    for name, digest in SHA256.items():
        path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
        if path is None:
            raise NasbenchError(f"{folder} has no {name}; it should hold the four files of Fashion-MNIST.")
        files[name] = read_verified(path, digest)
    return files


def _download(scratch: Path) -> Path:
    import pooch

    try:
        for name in SHA256:
            pooch.retrieve(f"{OFFICIAL}/{name}.gz", known_hash=None, path=scratch, fname=f"{name}.gz")
    except (OSError, ValueError):
        raise NasbenchError(
            f"{OFFICIAL} cannot be reached; install Debian's dataset-fashion-mnist or give a folder with --source."
        ) from None
    return scratch


TASK = Task(
    name="fashion-mnist",
    shape=TaskShape(dims=2, channels=1, size=28, outputs=10),
    metric="error",
    source="nasbench data fetch fashion-mnist: Debian's package, or the official address, or --source FOLDER",
    load=load,
    fetch=fetch,
    augmentation=Augmentation(flip=True, translate=2),
    mean=(72.94,),
    deviation=(90.02,),
)
