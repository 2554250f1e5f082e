"""Small studies run as they are registered, and registrations that say something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.study.toml import parse_study


def run_registered(registration: HypothesisRegistration, studies: Mapping[str, str], folder: Path) -> list[Path]:
    """Run the studies of a registration as they are registered, each in a folder of its own."""
    for name, bound in registration.studies.items():
        parse_study(studies[name], name).with_runs(bound["runs"]).with_seed(bound["seed"]).run(folder / name)
    return [folder / name for name in registration.studies]


def restated(registration: HypothesisRegistration, **change: Any) -> HypothesisRegistration:
    """Return a registration of a hypothesis that says something else, of the same studies."""
    return registration.model_copy(update={"hypothesis": registration.statement.model_copy(update=change)})
