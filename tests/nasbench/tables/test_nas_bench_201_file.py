"""The importer of the single file of NAS-Bench-201."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench.errors import NasbenchError
from nasbench.tables.importers import import_table
from nasbench.tables.restricted_pickle import load_file

from hostile_pickle import Payload


@pytest.fixture
def pth(with_reference: Path, tmp_path: Path) -> Callable[..., Path]:
    """The three official records of the topology space in the layout of the single file."""
    torch = pytest.importorskip("torch")

    def write(change: Callable[[Any], None] = lambda held: None, zipped: bool = True) -> Path:
        infos: dict[int, Any] = {}
        for path in sorted((with_reference / "nats-bench-records").glob("tss_*.pbz2")):
            record = load_file(path)
            infos[record["200"]["arch_index"]] = {"full": record["200"], "less": record["12"]}
        held = OrderedDict(meta_archs=[], arch2infos=infos, evaluated_indexes=set(infos))
        change(held)
        file = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
        torch.save(held, file, _use_new_zipfile_serialization=zipped)
        return file

    return write


@pytest.mark.parametrize("zipped", [True, False])
def test_the_single_file_holds_what_the_folder_holds(
    pth: Callable[..., Path], with_reference: Path, tmp_path: Path, zipped: bool
) -> None:
    import shutil

    table, report = import_table("nas-bench-201-pth", pth(zipped=zipped))
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (with_reference / "nats-bench-records").glob("tss_*.pbz2"):
        shutil.copy(path, folder / path.name)
    other, _ = import_table("nats-bench-topology", folder)
    assert table.manifest["sha256"] == other.manifest["sha256"]
    assert len(report.missing) == 15622


def test_a_file_with_weights_is_read_by_the_weights_only_reader(pth: Callable[..., Path]) -> None:
    import torch

    def change(held: Any) -> None:
        held["arch2infos"][11]["full"]["all_results"]["cifar10", 777]["net_state_dict"] = {"stem": torch.zeros(2)}

    assert len(import_table("nas-bench-201-pth", pth(change))[0]) == 3


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_file_is_refused_unless_it_is_called_trusted(
    pth: Callable[..., Path], tmp_path: Path, zipped: bool
) -> None:
    mark = tmp_path / "mark"

    def change(held: Any) -> None:
        held["arch2infos"][11]["full"]["all_results"]["cifar10", 777]["net_state_dict"] = [Payload(mark)]

    path = pth(change, zipped)
    with pytest.raises(NasbenchError, match=r"The pickle names .*mkdir.* Use --allow-unsafe-pickle only if you trust"):
        import_table("nas-bench-201-pth", path)
    assert not mark.exists()
    assert len(import_table("nas-bench-201-pth", path, trusted=True)[0]) == 3
    assert mark.exists()


def _other_cell(held: Any) -> None:
    held["arch2infos"][12] = held["arch2infos"].pop(11)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held.pop("arch2infos"), "it should hold 'arch2infos'"),
        (lambda held: held["arch2infos"][11].pop("less"), r"record 11 holds the trainings \['full'\]"),
        (_other_cell, "Record 12 says that it is of another cell"),
    ],
)
def test_bad_records_in_the_single_file(pth: Callable[..., Path], change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("nas-bench-201-pth", pth(change))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and then nothing", b"not a pickle at all"])
def test_a_damaged_single_file(pth: Callable[..., Path], damage: bytes) -> None:
    path = pth()
    for content in (damage, path.read_bytes()[:5000]):
        path.write_bytes(content)
        with pytest.raises(NasbenchError, match=str(path.name)):
            import_table("nas-bench-201-pth", path)
