"""What the project does for its hypotheses: register them before anything is run, run what they rest on, pack what decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.reports.hypotheses.evidence import collect, objections, write_evidence
from nasbench.reports.hypotheses.judge import Sources
from nasbench.reports.hypotheses.registration import FOLDER, register, registered_studies, registrations
from nasbench.reports.hypotheses.replay import replay_differences
from nasbench.reports.hypotheses.statements import Stated, StudyHypothesis, VerifiedTheory
from nasbench.reports.hypotheses.studies import RESULTS, study_folders
from nasbench.reports.hypotheses.theory import check_theory, write_check
from nasbench.study.config import Study


def register_all(hypotheses: Sequence[Stated], folder: Path = FOLDER) -> Iterator[str]:
    """Register hypotheses about studies; yield what was written and what is to be run.

    Raises:
        NasbenchError: for a hypothesis of another kind, or as `register`.
    """
    for hypothesis in _about_studies(hypotheses):
        path = register(hypothesis, folder)
        (*_, registration) = registrations(hypothesis.name, folder)
        yield (
            f"{path}: look {registration.look}, error rate {registration.error_rate:g}, power {registration.power:g} of one number and "
            f"{registration.joint_power:g} of all {registration.parts} together; to run: {', '.join(registration.commands)}"
        )


def run_studies(
    hypotheses: Sequence[Stated],
    sources: Sources,
    results: Path = RESULTS,
    progress: Callable[[float, int], None] = lambda done, units: None,
) -> None:
    """Run what the studies of the last registrations lack, each in a folder of its name below `results`.

    Raises:
        NasbenchError: if a hypothesis is not registered with these sources, or as `nasbench.study.config.Study.run`.
    """
    studies: dict[str, Study] = {}
    for hypothesis in _about_studies(hypotheses):
        known = registrations(hypothesis.name, sources.registrations)
        if not known:
            raise NasbenchError(f"{hypothesis.name} is not registered; register it before anything is run.")
        studies |= registered_studies(known[-1])
    for name, study in studies.items():
        study.run(results / name, jobs=sources.jobs, progress=progress)


def pack_evidence(
    hypotheses: Sequence[Stated], sources: Sources, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[str]:
    """Write the evidence of hypotheses: about studies from results folders, about the theory by checking it now; yield what was written.

    One run or more of each method on each benchmark is made again first, and must be the same.

    Raises:
        NasbenchError: if a study has no results, or they are not those that were registered.
    """
    theory = [one for one in hypotheses if isinstance(one, VerifiedTheory)]
    chosen = list(_about_studies([one for one in hypotheses if one not in theory]))
    for _ in theory:
        require_extra("theory", "sympy")
        yield str(write_check(check_theory(sources.jobs, progress), sources.evidence))
    folders = study_folders(sources.results, [name for one in chosen for name in one.studies])
    for hypothesis in chosen:
        known = registrations(hypothesis.name, sources.registrations)
        lacking = [name for name in hypothesis.studies if name not in folders]
        if not known or lacking:
            raise NasbenchError(
                f"{hypothesis.name} {'is not registered' if not known else f'lacks results of {lacking[0]}'}; "
                "register it, run its studies and pack then."
            )
        evidence = collect(known[-1], folders)
        reasons = objections(known[-1], evidence) or list(
            replay_differences(known[-1], folders, max(sources.replay, 1))
        )
        if reasons:
            raise NasbenchError(f"The results are not those of {known[-1].name}: {'; '.join(reasons)}.")
        yield str(write_evidence(known[-1], evidence, sources.evidence))


def _about_studies(hypotheses: Sequence[Stated]) -> Iterator[StudyHypothesis]:
    for hypothesis in hypotheses:
        if not isinstance(hypothesis, StudyHypothesis):
            raise NasbenchError(f"{hypothesis.name} is of the kind {hypothesis.kind!r}, which rests on no study.")
        yield hypothesis
