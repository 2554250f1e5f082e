"""Data in parts: what goes in comes out, and whatever is wrong with a part is one sentence."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live.tasks import cifar10, packing
from nasbench.live.tasks.checksums import sha256
from nasbench.live.tasks.commands import fetch as fetch_command
from nasbench.live.tasks.commands import pack as pack_command
from nasbench.live.tasks.packing import FILTERS, HEADER, MAGIC, Records, join, pack
from nasbench.live.tasks.residuals import from_residuals, to_residuals

from mutations import mutate

SMALL = Records("small", ("a", "b"), image=(3, 4, 6), most=20)
OTHER = Records("other", ("a", "b"), image=(3, 4, 6), most=20)

data = typer.Typer()
data.command("fetch")(fetch_command)
data.command("pack")(pack_command)


def files_of(of: Records, seed: int = 0, each: int = 7) -> dict[str, bytes]:
    rng = np.random.default_rng(seed)
    return {name: rng.bytes(each * of.width) for name in of.files}


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(0, 5),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    seed=st.integers(0, 2**16),
    highest=st.sampled_from([1, 3, 256]),
)
def test_images_come_back_from_their_residuals(n: int, height: int, width: int, seed: int, highest: int) -> None:
    images = np.random.default_rng(seed).integers(0, highest, (n, 3, height, width), dtype=np.uint8)
    images[images == 2] = 255  # so that predictions at both ends of the range are tried
    np.testing.assert_array_equal(from_residuals(to_residuals(images)), images)


def test_images_of_several_chunks_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 5), dtype=np.uint8)
    whole = to_residuals(images)
    monkeypatch.setattr("nasbench.live.tasks.residuals.CHUNK", 3)
    np.testing.assert_array_equal(to_residuals(images), whole)
    np.testing.assert_array_equal(from_residuals(whole), images)


def test_smooth_images_leave_small_residuals() -> None:
    rows, columns = np.mgrid[0:32, 0:32]
    plane = (2 * rows + 3 * columns + 20).astype(np.uint8)
    image = np.stack([plane + 9, plane, plane - 7])[None]
    inside = to_residuals(image)[:, :, 1:, 1:].astype(int) - 120
    assert abs(inside).max() <= 3  # the step to the neighbour, not the value
    assert (to_residuals(image)[[0, 2], :, 1:, 1:] == 120).all()  # differences from green are constant here


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.integers(1, 14), each=st.integers(7, 10), seed=st.integers(0, 99))
def test_parts_join_to_the_same_files_under_any_names(
    tmp_path_factory: pytest.TempPathFactory, parts: int, each: int, seed: int
) -> None:
    folder, files = tmp_path_factory.mktemp("parts"), files_of(SMALL, seed, each)
    paths = pack(SMALL, files, parts, folder)
    assert len(paths) == parts
    names = np.random.default_rng(seed).permutation(parts)
    for path, name in zip(paths, names, strict=True):
        path.rename(folder / f"x{name}")
    (folder / "notes.txt").write_text("no part", encoding="utf-8")
    (folder / "inner").mkdir()
    assert join(SMALL, folder) == files


def _lacks_one(folder: Path) -> None:
    (folder / "small.part-2-of-3").unlink()


def _of_two_packings(folder: Path) -> None:
    pack(SMALL, files_of(SMALL, 1), 3, folder / "new")
    (folder / "new" / "small.part-2-of-3").rename(folder / "small.part-2-of-3")


def _of_another_number(folder: Path) -> None:
    pack(SMALL, files_of(SMALL), 2, folder / "new")
    (folder / "new" / "small.part-2-of-2").rename(folder / "small.part-2-of-2")


def _of_another_data_set(folder: Path) -> None:
    pack(OTHER, files_of(OTHER), 3, folder / "new")
    (folder / "new" / "other.part-1-of-3").rename(folder / "other.part-1-of-3")


def _cut(folder: Path) -> None:
    path = folder / "small.part-3-of-3"
    path.write_bytes(path.read_bytes()[:-1])


def _longer_than_any_part(folder: Path) -> None:
    path = folder / "small.part-3-of-3"
    path.write_bytes(path.read_bytes() + bytes(100_000))


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _header_alone(folder: Path) -> None:
    (folder / "small.part-1-of-3").write_bytes(MAGIC)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (_lacks_one, r"lacks part 2 of 3 of small; bring it"),
        (_of_two_packings, r"parts of two packings; keep those of one"),
        (_of_another_number, r"parts of two packings; keep those of one"),
        (_of_another_data_set, r"other.part-1-of-3 is a part of other; it should be one of small"),
        (_cut, r"part-3-of-3 is damaged or cut; bring this part again"),
        (_longer_than_any_part, r"part-3-of-3 is damaged or cut; bring this part again"),
        (_header_alone, r"part-1-of-3 is damaged or cut; bring this part again"),
        (_empty, r"holds no parts of small; nasbench data pack small writes them"),
    ],
)
def test_a_wrong_part_is_one_sentence(tmp_path: Path, wrong: Callable[[Path], None], sentence: str) -> None:
    pack(SMALL, files_of(SMALL), 3, tmp_path)
    wrong(tmp_path)
    with pytest.raises(NasbenchError, match=sentence):
        join(SMALL, tmp_path)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_damage_goes_unseen(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("parts")
    path = pack(SMALL, files_of(SMALL), 2, folder)[int(rng.integers(2))]
    _, damaged = mutate(path.read_bytes(), rng)
    path.write_bytes(damaged)
    with pytest.raises(NasbenchError, match=r"^[^.].*[^\n]$"):
        join(SMALL, folder)


def forged(folder: Path, payload: bytes, number: int = 1, parts: int = 1, records: int = 14, version: int = 1) -> None:
    """Write a part whose SHA-256 is right, whatever else it says."""
    fields = (MAGIC, version, b"small", bytes(16), number, parts, records)
    digest = hashlib.sha256(HEADER.pack(*fields, b"") + payload).digest()
    (folder / f"forged-{number}").write_bytes(HEADER.pack(*fields, digest) + payload)


def compressed(size: int) -> bytes:
    return lzma.compress(bytes(size), lzma.FORMAT_RAW, filters=FILTERS)


@pytest.mark.parametrize(
    ("payload", "numbers"),
    [
        (compressed(10**7), {}),  # ten megabytes from a few hundred bytes, where 14 records have their place
        (compressed(14 * SMALL.width - 1), {}),
        (compressed(14 * SMALL.width) + b"more", {}),
        (compressed(14 * SMALL.width)[:-1], {}),
        (b"no such stream", {}),
        (compressed(14 * SMALL.width), {"records": 2**32 - 2}),
        (compressed(14 * SMALL.width), {"records": 13}),
        (compressed(14 * SMALL.width), {"number": 2}),
        (compressed(14 * SMALL.width), {"number": 0}),
        (compressed(14 * SMALL.width), {"parts": 2**16 - 1}),
        (compressed(14 * SMALL.width), {"version": 2}),
        (compressed(0), {"records": 0}),
    ],
)
def test_a_forged_part_is_one_sentence(tmp_path: Path, payload: bytes, numbers: dict[str, int]) -> None:
    forged(tmp_path, payload, **numbers)
    with pytest.raises(NasbenchError, match=r"damaged or cut|does not hold the 14 records|version 2; this release"):
        join(SMALL, tmp_path)


def test_a_forged_part_that_is_right_is_read(tmp_path: Path) -> None:
    """Else the test above would pass for the wrong reason."""
    forged(tmp_path, compressed(14 * SMALL.width))
    assert len(join(SMALL, tmp_path)["b"]) == 7 * SMALL.width


def test_packing_refuses_what_could_not_be_joined(tmp_path: Path) -> None:
    pack(SMALL, files_of(SMALL), 2, tmp_path)
    assert pack(SMALL, files_of(SMALL), 2, tmp_path)  # the same again replaces the same
    with pytest.raises(NasbenchError, match="part of another packing; choose an empty folder"):
        pack(SMALL, files_of(SMALL, 1), 2, tmp_path)
    for parts in (0, 15, 100):
        with pytest.raises(NasbenchError, match=f"number of parts is {parts}; it should be from 1 to 14"):
            pack(SMALL, files_of(SMALL), parts, tmp_path / "new")
    assert join(SMALL, tmp_path) == files_of(SMALL)


# ---- the commands ----------------------------------------------------------------------------------------------------


def small_cifar(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    files = {name: np.random.default_rng(len(name)).bytes(4 * 3073) for name in cifar10.SHA256}
    monkeypatch.setattr(cifar10, "SHA256", {name: sha256(content) for name, content in files.items()})
    return files


def test_cifar10_travels_in_two_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = small_cifar(monkeypatch)
    here, there, parts = tmp_path / "here", tmp_path / "there", tmp_path / "parts"
    for name, content in files.items():
        (here / "tasks" / "cifar10").mkdir(parents=True, exist_ok=True)
        (here / "tasks" / "cifar10" / name).write_bytes(content)
    monkeypatch.setenv("NASBENCH_CACHE", str(here))
    run = CliRunner().invoke(data, ["pack", "cifar10", str(parts), "--parts", "2", "--json"], catch_exceptions=False)
    assert run.exit_code == 0 and run.stdout.count("part-") == 2
    monkeypatch.setenv("NASBENCH_CACHE", str(there))
    run = CliRunner().invoke(data, ["fetch", "cifar10", "--source", str(parts), "--json"], catch_exceptions=False)
    assert run.exit_code == 0
    assert cifar10.cached() == files == cifar10.join(parts)


def test_only_the_official_files_are_packed_and_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = small_cifar(monkeypatch)
    wrong = {**files, "test_batch.bin": bytes(4 * 3073)}
    with pytest.raises(NasbenchError, match=r"test_batch.bin has the SHA-256"):
        cifar10.pack(wrong, 2, tmp_path)
    packing.pack(Records("cifar10", tuple(files), (3, 32, 32), 60_000), wrong, 2, tmp_path)
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(NasbenchError, match=r"test_batch.bin has the SHA-256"):
        cifar10.fetch(tmp_path)
    assert not (tmp_path / "cache").exists()


def test_the_pack_command_says_what_cannot_be_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    for arguments, sentence in (
        (["digits", str(tmp_path)], "'digits' is not packed; only cifar10 is"),
        (["cifar10", __file__], "is no folder; name one, or one to make"),
        (["cifar10", str(tmp_path)], "not in the cache; run: nasbench data fetch cifar10"),
    ):
        with pytest.raises(NasbenchError, match=sentence):
            CliRunner().invoke(data, ["pack", *arguments], catch_exceptions=False)
