"""CIFAR-100 and MedMNIST from small files of the layout that torchvision and medmnist store."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.tasks import cifar100
from nasbench.live.tasks.catalogue import get_task


class Python2Pickler(pickle._Pickler):  # type: ignore[misc, name-defined]
    """Writes texts and bytes as Python 2 wrote its only kind of string, as in the files of CIFAR-100."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_string(self, value: str | bytes) -> None:
        """Write a string."""
        data = value.encode("latin-1") if isinstance(value, str) else value
        short = len(data) < 256
        head = pickle.SHORT_BINSTRING + bytes([len(data)]) if short else pickle.BINSTRING + struct.pack("<i", len(data))
        self.write(head + data)  # type: ignore[attr-defined]
        self.memoize(value)  # type: ignore[attr-defined]

    dispatch[str] = dispatch[bytes] = save_string


def pickled(content: dict[str, Any]) -> bytes:
    """Return a pickle as Python 2 writes it."""
    stream = io.BytesIO()
    Python2Pickler(stream, 2).dump(content)
    return stream.getvalue()


def cifar_part(n: int, brightest: int = 255) -> dict[str, Any]:
    """Return the content of a file of CIFAR-100 with `n` images."""
    x = np.random.default_rng(n).integers(0, brightest + 1, (n, 3072)).astype(np.uint8)
    fine = [i % 100 for i in range(n)]
    return {
        "filenames": [f"image_s_{i:06}.png" for i in range(n)],
        "batch_label": "training batch 1 of 1",
        "fine_labels": fine,
        "coarse_labels": [label // 5 for label in fine],
        "data": x,
    }


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of torchvision with a small CIFAR-100, whose checksums are taken for the official ones."""
    folder = tmp_path / "root" / cifar100.FOLDER
    folder.mkdir(parents=True)
    for name, part in (("train", cifar_part(300)), ("test", cifar_part(200, 127))):
        (folder / name).write_bytes(pickled(part))
    found = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in ("train", "test")}
    monkeypatch.setattr(cifar100, "MD5", found)
    monkeypatch.setattr(cifar100, "SEARCH_IMAGES", 100)
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "root"


def test_cifar100_is_read_from_the_files_of_torchvision(cifar: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["data", "fetch", "cifar100", "--source", str(cifar)]) == 0
    splits = get_task("cifar100").load()
    assert list(map(len, (splits.train, splits.search, splits.test))) == [200, 100, 200]
    assert splits.train.x.shape[1:] == (3, 32, 32) and splits.train.x.dtype == np.uint8
    part = cifar_part(200, 127)
    assert (
        np.array_equal(splits.test.x.reshape(200, -1), part["data"]) and splits.test.y.tolist() == part["fine_labels"]
    )
    whole = {x.tobytes() for x in cifar_part(300)["data"]}
    assert {x.tobytes() for x in (*splits.train.x, *splits.search.x)} == whole
    fetch = get_task("cifar100").fetch
    assert fetch is not None
    (cifar / cifar100.FOLDER / "test").write_bytes(b"cut")
    with pytest.raises(NasbenchError, match="test is not that of CIFAR-100"):
        fetch(cifar)
    (cifar / cifar100.FOLDER / "test").unlink()
    with pytest.raises(NasbenchError, match=r"cifar-100-python has no file 'test'; .* torchvision"):
        fetch(cifar / cifar100.FOLDER)


def test_cifar100_that_is_absent_says_which_folder_goes_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    assert status(["train", "resnet18", "--task", "cifar100"]) == 2
    said = capsys.readouterr().err
    assert "data fetch cifar100 --source FOLDER, where FOLDER holds cifar-100-python" in " ".join(said.split())
    assert status(["data", "fetch", "cifar100"]) == 2
    (tmp_path / "tasks" / "cifar100").mkdir(parents=True)
    for name in ("train", "test"):
        (tmp_path / "tasks" / "cifar100" / name).write_bytes(pickled({"data": "none"}))
    with pytest.raises(NasbenchError, match="is no file of CIFAR-100"):
        get_task("cifar100").load()


def medical(root: Path, name: str, shape: tuple[int, ...] = (28, 28, 3), **changed: Any) -> Path:
    """Write a small file of MedMNIST with 40, 8 and 12 images, brighter in each part, and return its path."""
    arrays: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    for number, (part, n) in enumerate((("train", 40), ("val", 8), ("test", 12))):
        arrays[f"{part}_images"] = rng.integers(60 * number, 60 * number + 60, (n, *shape)).astype(np.uint8)
        arrays[f"{part}_labels"] = (np.arange(n) % 4).astype(np.uint8)[:, None]
    root.mkdir(exist_ok=True)
    np.savez_compressed(root / f"{name}.npz", **(arrays | changed))
    return root / f"{name}.npz"


def test_medmnist_keeps_the_parts_of_its_authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = medical(tmp_path / ".medmnist", "pathmnist")  # where the package keeps it
    task = get_task("medmnist:pathmnist")
    splits = task.load()
    with np.load(path) as published:
        for split, part in ((splits.train, "train"), (splits.search, "val"), (splits.test, "test")):
            assert np.array_equal(split.x, published[f"{part}_images"].transpose(0, 3, 1, 2))
            assert np.array_equal(split.y, published[f"{part}_labels"].ravel())
        pixels = published["train_images"].astype(float)
    assert (task.shape.channels, task.shape.size, task.shape.outputs) == (3, 28, 4)
    np.testing.assert_allclose(task.mean, pixels.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(task.deviation, pixels.std(axis=(0, 1, 2)))
    medical(tmp_path / "other", "octmnist_64", (64, 64))
    task = get_task(f"medmnist:octmnist#size=64,root={tmp_path / 'other'}")
    assert (task.shape.channels, task.shape.size) == (1, 64)


def test_medmnist_is_trained_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    medical(tmp_path, "bloodmnist", (28, 28))
    command = ["train", "333132", "--space", "nas-bench-201", "--task", f"medmnist:bloodmnist#root={tmp_path}"]
    assert status([*command, "--epochs", "1", "--channels", "4", "--cells", "1", "--json"]) == 0
    assert "40 / 8 / 12 for training, search and test as published" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("address", "fault"),
    {
        "pathmnist": r"no file .*pathmnist.npz; put pathmnist.npz of medmnist.com there",
        "pathmnist#size=64": r"no file .*pathmnist_64.npz",
        "pathmnist#size=32": "no images of '32' pixels",
        "patmnist": "did you mean 'pathmnist'",
        "chestmnist": "several labels for each image",
        "organmnist3d": "has volumes",
        "dermamnist": "has no array test_labels",
        "octmnist": "images of shape .* should be",
        "retinamnist": "each image should have one label",
        "tissuemnist": "out of range",
        "breastmnist": "cannot be read as a .npz",
        "organamnist#size=64": "has images of 28 pixels and its name is that of a file with 64",
    }.items(),
)
def test_files_of_medmnist_that_do_not_serve_are_refused_in_one_sentence(
    tmp_path: Path, address: str, fault: str
) -> None:
    path = medical(tmp_path, "dermamnist")
    with np.load(path) as whole:
        np.savez(path, **{name: whole[name] for name in whole.files if name != "test_labels"})
    medical(tmp_path, "octmnist", (28, 24))
    medical(tmp_path, "retinamnist", train_labels=np.zeros((40, 14), np.uint8))
    medical(tmp_path, "tissuemnist", test_labels=np.full((12, 1), 7, np.uint8))
    medical(tmp_path, "organamnist_64", (28, 28))
    (tmp_path / "breastmnist.npz").write_bytes(b"PK junk")
    with pytest.raises(NasbenchError, match=fault):
        get_task(f"medmnist:{address}{',' if '#' in address else '#'}root={tmp_path}")
