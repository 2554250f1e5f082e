"""Registrations of small studies, and what judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nasbench.reports.hypotheses.judge import Sources, judge_hypotheses
from nasbench.reports.hypotheses.registration import HypothesisRegistration, register, registrations
from nasbench.reports.hypotheses.statements import StudyHypothesis, parse
from nasbench.reports.hypotheses.verdict import HypothesisVerdict
from nasbench.study.toml import parse_study


@pytest.fixture(scope="session")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., HypothesisRegistration]:
    """Return what registers a hypothesis on studies given as TOML by name, in a folder of its own; with a seed that does not
    follow from the sources where one is given.
    """

    def binder(text: str, studies: Mapping[str, str], seed: int | None = None, **change: Any) -> HypothesisRegistration:
        (hypothesis,) = parse(text).hypotheses
        assert isinstance(hypothesis, StudyHypothesis)
        folder = tmp_path_factory.mktemp("registered")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "nasbench.reports.hypotheses.registration.load_study", lambda name: parse_study(studies[name], name)
            )
            if seed is not None:
                for module in ("registration", "derived"):
                    patch.setattr(f"nasbench.reports.hypotheses.{module}.study_seed", lambda name, sources: seed)
            register(hypothesis.model_copy(update=change), folder)
            (registration,) = registrations(hypothesis.name, folder)
        return registration

    return binder


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Callable[..., HypothesisVerdict]:
    """Return what judges a registration by results folders."""

    def judge_one(registration: HypothesisRegistration, *folders: Path, **sources: Any) -> HypothesisVerdict:
        monkeypatch.setattr("nasbench.reports.hypotheses.judge.registrations", lambda name, folder: [registration])
        (verdict,) = judge_hypotheses([registration.hypothesis], Sources(results=folders, **sources))
        return verdict

    return judge_one
