from __future__ import annotations

from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.study.toml import load_study, parse_study, preset_names

QUICK = load_study("quick").to_toml()


@pytest.mark.parametrize("name", preset_names())
def test_presets_read_back_equal(name: str) -> None:
    try:
        study = load_study(name)
    except NasbenchError as fault:
        pytest.skip(f"its tables are not at hand: {fault}")
    assert study.name == name
    assert study.description
    assert parse_study(study.to_toml(), "again").to_mapping() == study.to_mapping()


def test_units_cover_every_run_once() -> None:
    study = load_study("nas-bench-201-full").with_runs(1234)
    units = study.units()
    assert len({unit.path for unit in units}) == len(units)
    for benchmark in study.problems:
        for entry in study.methods:
            runs = [run for u in units if u.problem == benchmark and u.method == entry for run in u.runs]
            assert runs == list(range(1234))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.replace("runs = 20", "runs = = 20"), r"not TOML.*line 5"),
        (lambda t: t.replace("runs = 20", "runs = 0"), "between 1 and 100,000"),
        (lambda t: t.replace("runs = 20", "runs = 1000000"), "between 1 and 100,000"),
        (lambda t: t.replace("runs = 20", "runs = '20'"), "whole number"),
        (lambda t: t.replace("runs = 20", "runs = true"), "whole number"),
        (lambda t: t.replace("runs = 20\n", ""), "lacks 'runs'"),
        (lambda t: t.replace("runs = 20", "runs = 20\nrusn = 3"), "did you mean 'runs'"),
        (lambda t: t.replace("queries = 300", "queries = 0"), "positive number"),
        (lambda t: t.replace("queries = 300", "queries = -5"), "positive number"),
        (lambda t: t.replace("queries = 300", "querys = 300"), "did you mean 'queries'"),
        (lambda t: t.replace("seed = 20261124", "seed = -1"), "0 or more"),
        (lambda t: t.replace('repeat_policy = "retrain"', 'repeat_policy = "free"'), "no repeat policy named 'free'"),
        (lambda t: t.replace('label = "local_search"', 'label = "random_search"'), "each once"),
        (
            lambda t: t.replace('label = "local_search"', 'label = "local_search"\nsetings = 3'),
            "did you mean 'settings'",
        ),
        (lambda t: t.replace("epochs = [\n    200,\n]", 'epochs = "last"'), "'longest'"),
        (lambda t: t.replace("    200,", "    200.5,"), "whole numbers"),
    ],
)
def test_mistakes_are_named(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    changed = change(QUICK)
    assert changed != QUICK
    with pytest.raises(NasbenchError, match=reason):
        parse_study(changed, "test.toml").protocol(200)


def test_unknown_presets_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="did you mean 'quick'"):
        load_study("quik")
    with pytest.raises(NasbenchError, match="cannot be read"):
        load_study(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NasbenchError, match="not text"):
        load_study(str(tmp_path / "binary.toml"))
