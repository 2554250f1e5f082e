from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from nasbench.errors import NasbenchError
from nasbench.live.evidence_file import digest, read_evidence
from reports.claims.registry import Claim, registered
from reports.claims.training import judge_training

(CLAIM,) = registered().select(["cifar10-96.2"])


def write(folder: Path, seed: int, accuracy: float, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "kind": "found",
        "seed": seed,
        "recipe": {"epochs": 60, "seed": seed},
        "test_error": 100.0 - accuracy,
        **changes,
    }
    content["sha256"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = folder / f"cifar10-found-seed{seed}.json"
    path.write_text(json.dumps(content, indent=1))
    return path


def collection(folder: Path, *accuracies: float) -> Path:
    for seed, accuracy in enumerate(accuracies):
        write(folder, seed, accuracy)
    return folder


@pytest.mark.parametrize(
    ("accuracies", "outcome"),
    [
        ((96.5, 96.6, 96.55), "holds"),
        ((95.1, 95.2, 95.15), "fails"),
        ((96.1, 96.6, 96.4), "not shown"),
        ((97.0, 97.0), "not run"),
    ],
)
def test_the_bound_decides(tmp_path: Path, accuracies: tuple[float, ...], outcome: str) -> None:
    verdict = judge_training(CLAIM, collection(tmp_path, *accuracies))
    assert verdict.outcome == outcome
    if verdict.parts:
        assert verdict.parts[0].n == 3 and len(verdict.parts[0].runs) == 12


def test_the_bound_is_students(tmp_path: Path) -> None:
    (part,) = judge_training(CLAIM, collection(tmp_path, 96.0, 96.3, 96.6)).parts
    assert part.statistic == pytest.approx(96.3)
    # t(0.95, 2) = 2.91999, standard deviation 0.3.
    assert part.lower == pytest.approx(96.3 - 2.91999 * 0.3 / 3**0.5, abs=1e-4)


@pytest.mark.parametrize("there", [True, False])
def test_no_evidence_is_not_run_and_nothing_stands_in(tmp_path: Path, there: bool) -> None:
    folder = tmp_path if there else tmp_path / "nowhere"
    verdict = judge_training(CLAIM, folder)
    assert verdict.outcome == "not run" and not verdict.parts
    assert "94.37" in verdict.evidence and "evidence" in verdict.change


def test_references_and_rehearsals_do_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, 0, 99.0)
    path.rename(tmp_path / "cifar10-resnet18-seed0.json")
    path = write(tmp_path, 0, 99.0)
    path.rename(tmp_path / "digits-found-seed0.json")
    assert judge_training(CLAIM, tmp_path).outcome == "not run"


def test_flip_is_used_where_it_was_declared(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path, seed, 96.0 + seed / 100, test_error_with_views=3.5 + seed / 100)
    (part,) = judge_training(CLAIM, tmp_path).parts
    assert part.statistic == pytest.approx(96.49)


def test_seeds_of_different_recipes_are_not_pooled(tmp_path: Path) -> None:
    collection(tmp_path, 96.5, 96.6, 96.5)
    write(tmp_path, 3, 97.0, recipe={"epochs": 600, "seed": 3})
    verdict = judge_training(CLAIM, tmp_path)
    assert verdict.outcome == "not run" and "different recipes" in verdict.evidence


def test_seeds_of_different_architectures_are_not_pooled(tmp_path: Path) -> None:
    for seed, architecture in enumerate(("333132", "333132", "333133")):
        write(tmp_path, seed, 96.5, architecture=architecture)
    verdict = judge_training(CLAIM, tmp_path)
    assert verdict.outcome == "not run" and "different architectures" in verdict.evidence


def test_changed_evidence_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 0, 95.0)
    path.write_text(path.read_text().replace('"test_error": 5.0', '"test_error": 1.0'))
    with pytest.raises(NasbenchError, match="was changed"):
        judge_training(CLAIM, tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", "{}"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cifar10-found-seed0.json"
    path.write_text(text)
    with pytest.raises(NasbenchError, match=r"make (the evidence|it) again"):
        read_evidence(path)


def test_evidence_without_an_error_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 0, 95.0, test_error=None)
    with pytest.raises(NasbenchError, match="no test error"):
        judge_training(CLAIM, tmp_path)


def test_the_digest_is_that_of_the_writer() -> None:
    content = {"b": [1, 2.5, None], "a": {"x": "y"}}
    assert digest(content) == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    assert isinstance(CLAIM, Claim)
