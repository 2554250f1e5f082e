"""Registrations: what a hypothesis states and everything that decides on it, in files that are added and never changed.

A registration writes down the statement, each study as it is to be run (every setting of every method, defaults included), the
checksums of its tables, the horizons, the SHA-256 of the sources that decide, the power, the number of the look and the error rate that
it may spend. The seed of a study follows from its name and the sources, so that nobody chooses it. A registration under which nothing
was run is void once the sources have changed.

What no check here can show: hashes are no signatures, so whoever rewrites statement, registration, evidence and manifest together, and the
history of version control, is found out by running the printed commands alone; nor is it seen that runs were made before a registration.
Edited traces are found by `--replay N`, for the runs that are made again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.files.schema import FileModel, Table, read_model
from nasbench.files.sealed import read_written_once, write_once
from nasbench.reports.hypotheses.bound_study import absent_baselines, bound_study, study_differences
from nasbench.reports.hypotheses.derived import contradictions, count_parts, error_rate_of, power_of, study_seed
from nasbench.reports.hypotheses.statements import AnyHypothesis, MedianToTarget, StudyHypothesis, TimeToTargetRatio
from nasbench.study.config import Study
from nasbench.study.environment import environment
from nasbench.study.sources import deciding_sources
from nasbench.study.toml import load_study
from nasbench.tables.train_time import charged_seconds

FOLDER = Path(__file__).resolve().parent / "registered"
"""Where registrations lie."""


class HypothesisRegistration(FileModel):
    """One file.

    Attributes:
        name: of the file: that of the hypothesis, and the number of the look.
        registered: the day.
        version: of the suite.
        look: how often the hypothesis has been registered, this time included.
        error_rate: probability of "holds" where it is false, and of "fails" where it is true.
        power, joint_power: probability that one number, and at least that all of them together, meet their thresholds under `power_assumes`.
        parts: numbers that are judged.
        sources_sha256: of the sources that decide.
        hypothesis: the statement.
        studies: by name, every setting.
        benchmarks: checksum of each table or function.
        horizons: by benchmark and account, what times are restricted at.
        sha256: of the rest of the file.
    """

    name: str
    registered: str
    version: str
    look: Annotated[int, Field(ge=1)]
    error_rate: float
    power: float
    joint_power: float
    power_assumes: str
    parts: int
    sources_sha256: str
    hypothesis: AnyHypothesis
    studies: Mapping[str, Table]
    benchmarks: Mapping[str, str]
    horizons: Mapping[str, Mapping[str, float]]
    sha256: str

    @property
    def statement(self) -> StudyHypothesis:
        """The hypothesis, which is about studies."""
        assert isinstance(self.hypothesis, StudyHypothesis)
        return self.hypothesis

    @property
    def commands(self) -> tuple[str, ...]:
        """What makes the results anew, and judges them."""
        runs = (f"nasbench run {name} --seed {one['seed']} --runs {one['runs']}" for name, one in self.studies.items())
        return (*runs, f"nasbench hypotheses {self.hypothesis.name}")

    @property
    def is_of_these_sources(self) -> bool:
        """Whether the sources that decide are the registered ones."""
        return self.sources_sha256 == deciding_sources()


def registrations(name: str, folder: Path = FOLDER) -> list[HypothesisRegistration]:
    """Return the registrations of a hypothesis, oldest first.

    Raises:
        NasbenchError: if a file was changed after it was made, contradicts itself, or one between them is missing.
    """
    pattern = re.compile(rf"{re.escape(name)}-(\d+)")
    looks = sorted(found[1] for path in folder.glob(f"{name}-*.toml") if (found := pattern.fullmatch(path.stem)))
    expected = [str(look) for look in range(1, len(looks) + 1)]
    if sorted(looks) != sorted(expected):
        raise NasbenchError(
            f"Of the registrations of {name} there are [{', '.join(looks)}]; restore the others from version control."
        )
    return [_read(folder / f"{name}-{look}.toml") for look in expected]


def register(hypothesis: StudyHypothesis, folder: Path = FOLDER) -> Path:
    """Register a hypothesis with the present sources; return the new file.

    Raises:
        NasbenchError: if it is registered so already, or its studies cannot show what it states.
    """
    known = registrations(hypothesis.name, folder)
    if known and known[-1].is_of_these_sources:
        raise NasbenchError(f"{hypothesis.name} is registered with these sources already, as {known[-1].name}.")
    content = registration_content(hypothesis, len(known) + 1)
    path = folder / f"{content['name']}.toml"
    write_once(path, content)
    return path


def registration_content(hypothesis: StudyHypothesis, look: int) -> dict[str, Any]:
    """Return what a registration of the present sources says, but its own hash; raises NasbenchError as `register` does."""
    studies = {name: _registered_study(hypothesis, name) for name in hypothesis.studies}
    bound = {name: bound_study(study) for name, study in studies.items()}
    for name, study in bound.items():
        if absent := next(absent_baselines(hypothesis, study), None):
            raise NasbenchError(
                f"The study {name} of {hypothesis.name} has no baseline {absent}; name one that it has."
            )
    error_rate, parts = error_rate_of(look), sum(count_parts(hypothesis, study) for study in bound.values())
    _check_share(hypothesis, error_rate)
    one = power_of(hypothesis.assumed_effect, hypothesis.runs, error_rate)
    first = next(iter(studies.values()))
    return {
        "name": f"{hypothesis.name}-{look}",
        "registered": date.today().isoformat(),
        "version": str(environment()["version"]),
        "look": look,
        "error_rate": error_rate,
        "power": round(one, 4),
        "joint_power": round(one**parts, 4),
        "power_assumes": f"each number {hypothesis.assumed_effect:g} standard deviations of one run beyond its threshold, by the normal law; "
        "jointly at least that of independent numbers, since these share the runs of one method",
        "parts": parts,
        "sources_sha256": deciding_sources(),
        "hypothesis": _plain(hypothesis.model_dump(exclude_none=True)),
        "studies": bound,
        "benchmarks": {name: get_searchable(name).checksum for name in hypothesis.benchmarks},
        "horizons": {name: _horizons(hypothesis, first, name) for name in hypothesis.benchmarks},
    }


def registered_studies(registration: HypothesisRegistration) -> dict[str, Study]:
    """Return the studies of a registration, ready to run.

    Raises:
        NasbenchError: if the sources, or a preset, are no longer those that were registered.
    """
    if not registration.is_of_these_sources:
        raise NasbenchError(
            f"The sources are no longer those of {registration.name}; run it with these, or register anew."
        )
    studies = {name: _registered_study(registration.statement, name) for name in registration.studies}
    for name, study in studies.items():
        if changed := list(study_differences(registration.studies[name], bound_study(study))):
            raise NasbenchError(f"The preset {name} is no longer that of {registration.name}: {'; '.join(changed)}.")
    return studies


def _registered_study(hypothesis: StudyHypothesis, name: str) -> Study:
    study = load_study(name).with_runs(hypothesis.runs).with_seed(study_seed(name, deciding_sources()))
    limits = dict(study.budget.limits)
    if limits != {"unique_queries": hypothesis.query_cap}:
        raise NasbenchError(
            f"The budget of {name} is {limits}; {hypothesis.name} has a query_cap of {hypothesis.query_cap} unique queries and nothing else."
        )
    labels = [method.label for method in study.methods]
    for kind, wanted, there in (
        ("problem", hypothesis.benchmarks, study.problems),
        ("method labelled", hypothesis.labels, labels),
    ):
        if lacking := [one for one in wanted if one not in there]:
            raise NasbenchError(f"The study {name} of {hypothesis.name} has no {kind} {lacking[0]}.")
    return study


def _horizons(hypothesis: StudyHypothesis, study: Study, problem: str) -> dict[str, float]:
    found = {"unique_queries": float(hypothesis.query_cap)}
    benchmark = get_searchable(problem)
    if isinstance(hypothesis, TimeToTargetRatio) and "train_seconds" in hypothesis.accounts:
        protocol = study.protocol(benchmark.longest(study.objectives, study.split))
        seconds = (
            charged_seconds(benchmark.table, benchmark.dataset, protocol.epochs[-1])
            if isinstance(benchmark, TabularBenchmark)
            else None
        )
        if seconds is None:
            raise NasbenchError(f"{problem} times no training, so {hypothesis.name} has no horizon in train_seconds.")
        found["train_seconds"] = float(hypothesis.horizon_share * hypothesis.query_cap * seconds.mean())
    return found


def _check_share(hypothesis: StudyHypothesis, error_rate: float) -> None:
    if isinstance(hypothesis, MedianToTarget) and hypothesis.share**hypothesis.runs > error_rate:
        needed = math.ceil(math.log(error_rate) / math.log(hypothesis.share))
        raise NasbenchError(
            f"{hypothesis.runs} runs cannot show a share of {hypothesis.share:g} at an error rate of {error_rate:g}, even if all succeed; "
            f"register {needed} or more."
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _read(path: Path) -> HypothesisRegistration:
    where = f"registration {path.name}"
    read_written_once(path, where)
    registration = read_model(HypothesisRegistration, path, where)
    if wrong := list(contradictions(registration)):
        raise NasbenchError(
            f"The {where} was not made by registering: {'; '.join(wrong)}; restore it from version control."
        )
    return registration
