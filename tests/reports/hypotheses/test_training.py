"""The hypothesis about a trained network: decided by registered seeds, settings and sources, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="plans of evidence need torch: pip install 'nas-verify[live]'")

from nasbench.errors import NasbenchError
from nasbench.files.sealed import digest, write_sealed
from nasbench.live.evidence.plans import CPU, GPU, EvidenceConfig
from nasbench.live.evidence.record import new_record, read_record, write_record
from nasbench.live.evidence.registration import power, register
from nasbench.live.evidence.summary import judge
from nasbench.reports.hypotheses.statements import TrainedNetwork, load_statements
from nasbench.reports.hypotheses.training import judge_training
from nasbench.reports.hypotheses.verdict import HypothesisVerdict

CLAIM = next(one for one in load_statements().hypotheses if isinstance(one, TrainedNetwork))
SOURCES = "a" * 64


def training(seed: int, accuracy: float, plan: EvidenceConfig = GPU, **changes: Any) -> dict[str, Any]:
    facts = {
        "kind": "found",
        "seed": seed,
        "architecture": "net",
        "recipe_sha256": replace(plan.recipe, seed=seed).digest,
        "test_error": 100.0 - accuracy,
        "test_error_with_views": 100.0 - accuracy,
        "curve": [{"epoch": epoch} for epoch in range(plan.recipe.epochs)],
        "environment": {"device_type": plan.device},
    }
    return facts | changes


def searched(plan: EvidenceConfig = GPU, **changes: Any) -> dict[str, Any]:
    names = ["net", *(f"net {n}" for n in range(1, plan.queries))]
    queries = [{"architecture": name, "search_error": 10.0 + n} for n, name in enumerate(names)]
    return {"architecture": "net", "queries": queries} | changes


def evidence(folder: Path, trainings: list[dict[str, Any]], plan: EvidenceConfig = GPU, **changes: Any) -> Path:
    record = new_record(plan.as_dict(), SOURCES, f"{plan.name}-1")
    record |= {"search": searched(plan), "trainings": trainings} | changes
    path = folder / f"{plan.name}.json"
    write_record(path, record)
    return path


def verdict_of(folder: Path, *accuracies: float, plan: EvidenceConfig = GPU) -> HypothesisVerdict:
    evidence(folder, [training(seed, accuracy, plan) for seed, accuracy in enumerate(accuracies)], plan)
    return judge_training(CLAIM, folder, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the registrations of both plans, for evidence as well."""
    for plan in (GPU, CPU):
        register(plan.as_dict(), SOURCES, 96.6, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("accuracies", "outcome"),
    [
        ((96.5, 96.6, 96.55), "holds"),
        ((95.1, 95.2, 95.15), "fails"),
        ((96.1, 96.6, 96.4), "not shown"),
        ((97.0, 97.0), "not run"),
    ],
)
def test_the_bound_decides(folder: Path, accuracies: tuple[float, ...], outcome: str) -> None:
    verdict = verdict_of(folder, *accuracies)
    assert verdict.outcome == outcome
    if verdict.parts:
        assert verdict.parts[0].n == 3 and len(verdict.parts[0].runs) == 12


def test_the_bound_is_students(folder: Path) -> None:
    (part,) = verdict_of(folder, 96.0, 96.3, 96.6).parts
    assert part.statistic == pytest.approx(96.3)
    # t(0.95, 2) = 2.91999, standard deviation 0.3.
    assert part.lower == pytest.approx(96.3 - 2.91999 * 0.3 / 3**0.5, abs=1e-4)


def test_power_is_that_of_a_simulation() -> None:
    import numpy as np

    draws = np.random.default_rng(0).normal(96.6, 0.15, (20_000, 3))
    held = np.mean([judge(row, 96.2)["verdict"] == "holds" for row in draws[:2000]])
    assert power(3, 96.2, 96.6) == pytest.approx(held, abs=4.5 * (0.25 / 2000) ** 0.5)


@pytest.mark.parametrize("there", [True, False])
def test_no_evidence_is_not_run_and_nothing_stands_in(folder: Path, there: bool) -> None:
    verdict = judge_training(CLAIM, folder if there else folder / "nowhere", folder)
    assert verdict.outcome == "not run" and not verdict.parts
    assert "94.37" in verdict.evidence and "evidence" in verdict.change


def test_references_rehearsals_and_further_seeds_do_not_count(folder: Path) -> None:
    evidence(folder, [training(0, 99.0, kind="resnet18"), training(7, 99.0), training(8, 99.0), training(1, 99.0)])
    evidence(folder, [training(seed, 99.0) for seed in range(3)], plan=replace(GPU, name="rehearsal"))
    verdict = judge_training(CLAIM, folder, folder)
    assert verdict.outcome == "not run" and "cifar10-gpu has 1 of its registered seeds" in verdict.evidence


def test_views_are_used_where_they_were_declared(folder: Path) -> None:
    evidence(folder, [training(s, 96.0, test_error_with_views=3.5 + s / 100) for s in range(3)])
    (part,) = judge_training(CLAIM, folder, folder).parts
    assert part.statistic == pytest.approx(96.49)


def test_one_device_is_enough_and_both_are_shown(folder: Path) -> None:
    evidence(folder, [training(seed, 96.2, CPU) for seed in CPU.seeds], CPU)
    verdict = verdict_of(folder, 96.5, 96.6, 96.55)
    assert verdict.outcome == "holds" and len(verdict.parts) == 2


CHEATS: dict[str, tuple[Callable[[Path], object], str]] = {
    "other sources": (
        lambda f: evidence(f, [training(0, 99.0)], sources_sha256="b" * 64),
        "other sources than are registered",
    ),
    "other settings": (
        lambda f: evidence(f, [training(0, 99.0)], replace(GPU, queries=31)),
        "other settings than are registered",
    ),
    "settings that it does not hold": (
        lambda f: evidence(
            f, [training(0, 99.0)], settings={**new_record(GPU.as_dict(), "", None)["settings"], "target": 1.0}
        ),
        "of settings that it does not hold",
    ),
    "a seed twice": (lambda f: evidence(f, [training(0, 99.0), training(0, 99.1)]), "has a seed twice"),
    "another architecture": (lambda f: evidence(f, [training(0, 99.0, architecture="other")]), "another architecture"),
    "registered after the fact": (
        lambda f: evidence(f, [training(0, 99.0)], registration=None),
        "was begun unregistered, before cifar10-gpu-1",
    ),
    "the file of another plan": (
        lambda f: evidence(f, [training(s, 99.0, CPU) for s in range(3)], CPU).rename(f / "cifar10-gpu.json"),
        "evidence of the plan 'cifar10-cpu', not of 'cifar10-gpu'",
    ),
    "a target of its own": (
        lambda f: (
            register(replace(GPU, target=50.0).as_dict(), SOURCES, 96.6, f),
            evidence(f, [training(0, 60.0)], replace(GPU, target=50.0), registration="cifar10-gpu-2"),
        ),
        "registers a target of 50.0%, and the hypothesis is 96.2%",
    ),
    "no search": (lambda f: evidence(f, [training(0, 99.0, architecture=None)], search=None), "search of 0 arch"),
    "a shorter search": (
        lambda f: evidence(f, [training(0, 99.0)], search=searched(queries=searched()["queries"][:9])),
        "a search of 9 architectures, and 30 were registered",
    ),
    "not the best of the search": (
        lambda f: evidence(f, [training(0, 99.0, architecture="net 4")], search=searched(architecture="net 4")),
        "found another architecture than its search did",
    ),
    "another recipe": (lambda f: evidence(f, [training(0, 99.0, CPU)]), "trained by another recipe"),
    "another seed's training": (lambda f: evidence(f, [training(3, 99.0) | {"seed": 0}]), "trained by another recipe"),
    "fewer epochs": (lambda f: evidence(f, [training(0, 99.0, curve=[{}])]), "for 1 epochs, and 100 are registered"),
    "other views": (lambda f: evidence(f, [training(0, 99.0, test_error_with_views=None)]), "over other views"),
    "another device": (
        lambda f: evidence(f, [training(0, 99.0, environment={"device_type": "cpu"})]),
        "trained on cpu, and cuda is registered",
    ),
    "no error": (lambda f: evidence(f, []).write_text("{}"), "make it again|move it away"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_evidence_that_was_not_registered_so_is_refused(folder: Path, name: str) -> None:
    make, message = CHEATS[name]
    make(folder)
    with pytest.raises(NasbenchError, match=message):
        judge_training(CLAIM, folder, folder)


def test_a_plan_without_registration_decides_nothing(tmp_path: Path) -> None:
    evidence(tmp_path, [training(seed, 99.0) for seed in range(3)])
    with pytest.raises(NasbenchError, match="is not registered"):
        judge_training(CLAIM, tmp_path, tmp_path)


def test_changed_evidence_and_changed_registrations_are_refused(folder: Path) -> None:
    path = evidence(folder, [training(0, 95.0)])
    path.write_text(path.read_text().replace('"test_error": 5.0', '"test_error": 1.0'))
    with pytest.raises(NasbenchError, match="was changed"):
        judge_training(CLAIM, folder, folder)
    evidence(folder, [training(0, 95.0)])
    (registration,) = folder.glob("cifar10-gpu-*.toml")
    registration.write_text(registration.read_text().replace("queries = 30", "queries = 300"))
    with pytest.raises(NasbenchError, match="was changed"):
        judge_training(CLAIM, folder, folder)


def test_registrations_are_added_and_never_repeated(folder: Path) -> None:
    with pytest.raises(NasbenchError, match="registered with these settings and sources already"):
        register(GPU.as_dict(), SOURCES, 96.6, folder)
    assert register(GPU.as_dict(), "b" * 64, 96.6, folder).name == "cifar10-gpu-2.toml"
    evidence(
        folder,
        [training(seed, 96.5 + seed / 100) for seed in range(3)],
        sources_sha256="b" * 64,
        registration="cifar10-gpu-2",
    )
    said = judge_training(CLAIM, folder, folder).evidence
    assert "registered as cifar10-gpu-2; no evidence of cifar10-gpu-1 is judged" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"search": 3},
        {"search": {"architecture": "net"}},
        {"search": {"architecture": "net", "queries": [{"architecture": "net", "search_error": "1"}]}},
        {"trainings": ["found"]},
        {"trainings": [{"kind": "found", "seed": True}]},
        {"trainings": [{"seed": 0}]},
    ],
)
def test_sealed_records_of_another_form_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "cifar10-gpu.json"
    write_sealed(path, new_record(GPU.as_dict(), SOURCES, None) | changes)
    with pytest.raises(NasbenchError, match="another format"):
        read_record(path)


@pytest.mark.parametrize("text", ["{", "[1]", "{}", '{"format": 1}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cifar10-gpu.json"
    path.write_text(text)
    with pytest.raises(NasbenchError, match="is no evidence"):
        read_record(path)
    write_sealed(path, {"format": 1})
    with pytest.raises(NasbenchError, match="another format"):
        read_record(path)


def test_evidence_without_an_error_is_refused(folder: Path) -> None:
    path = evidence(folder, [])
    record = read_record(path)
    record["trainings"] = [training(0, 0.0, test_error=None, test_error_with_views=None)]
    write_sealed(path, record)
    with pytest.raises(NasbenchError, match="no test error"):
        judge_training(CLAIM, folder, folder)


def test_the_digest_is_of_canonical_json() -> None:
    import hashlib
    import json

    content = {"b": [1, 2.5, None], "a": {"x": "y"}}
    assert digest(content) == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
