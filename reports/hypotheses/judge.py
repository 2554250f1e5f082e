"""Judge hypotheses, each by what its kind asks for: those about studies under their registration alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nasbench.errors import MissingExtraError, NasbenchError
from nasbench.extras import require_extra
from nasbench.reports.hypotheses.ablation import judge_ablation
from nasbench.reports.hypotheses.best_cell import judge_best_cell
from nasbench.reports.hypotheses.evidence import (
    SHIPPED,
    HypothesisEvidence,
    collect,
    evidence_path,
    objections,
    packed_looks,
    read_evidence,
)
from nasbench.reports.hypotheses.registration import FOLDER, HypothesisRegistration, registrations
from nasbench.reports.hypotheses.replay import replay_differences
from nasbench.reports.hypotheses.search_time import judge_search_time
from nasbench.reports.hypotheses.statements import Ablation, MedianToTarget, Stated, StudyHypothesis, TrainedNetwork
from nasbench.reports.hypotheses.studies import study_folders
from nasbench.reports.hypotheses.theory import check_theory, judge_shipped_theory, verdict_of
from nasbench.reports.hypotheses.training import judge_training
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, not_run, refused


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where evidence lies.

    Attributes:
        results: results folders; a study without one is looked for in `results/STUDY`.
        evidence: folder of the evidence that ships, and of that of trained networks.
        registrations: folder of the registrations.
        theory: whether to check the theory now, which takes minutes, in place of judging it by the check that ships.
        jobs: processes.
        replay: runs of each method that are made again where a results folder is judged.
    """

    results: Sequence[Path] = ()
    evidence: Path = SHIPPED
    registrations: Path = FOLDER
    theory: bool = False
    jobs: int = 1
    replay: int = 0


def judge_hypotheses(
    hypotheses: Sequence[Stated],
    sources: Sources,
    progress: Callable[[int, int], None] = lambda done, all_: None,
) -> list[HypothesisVerdict]:
    """Judge hypotheses in their order.

    Raises:
        NasbenchError: if a folder that was named is not what it should be, or a registration or evidence is damaged.
    """
    studies = [name for one in hypotheses if isinstance(one, StudyHypothesis) for name in one.studies]
    folders = study_folders(sources.results, list(dict.fromkeys(studies)))

    def judge(hypothesis: Stated) -> HypothesisVerdict:
        if isinstance(hypothesis, StudyHypothesis):
            return judge_study_hypothesis(hypothesis, sources, folders)
        if isinstance(hypothesis, TrainedNetwork):
            return judge_training(hypothesis, sources.evidence)
        if not sources.theory:
            return judge_shipped_theory(hypothesis, sources.evidence)
        try:
            require_extra("theory", "sympy")
        except MissingExtraError as fault:
            return not_run(hypothesis, "its derivations were not checked", str(fault))
        return verdict_of(hypothesis, check_theory(sources.jobs, progress))

    return [judge(hypothesis) for hypothesis in hypotheses]


def judge_study_hypothesis(
    hypothesis: StudyHypothesis, sources: Sources, folders: Mapping[str, Path]
) -> HypothesisVerdict:
    """Judge a hypothesis: as it was last registered by results folders, where all its studies have one, else by the last evidence that ships.

    Raises:
        NasbenchError: if a registration, a folder or evidence is damaged.
    """
    known = registrations(hypothesis.name, sources.registrations)
    if orphans := sorted(packed_looks(hypothesis.name, sources.evidence) - {one.name for one in known}):
        raise NasbenchError(
            f"There is evidence of {orphans[0]} and no such registration: a look that was spent counts; restore it from version control."
        )
    if not known:
        return not_run(
            hypothesis, "it is not registered", f"register it: `nasbench hypotheses {hypothesis.name} --register`"
        )
    last, folder = known[-1], sources.evidence
    if all(name in folders for name in last.studies):
        return replace(_judge_results(last, sources, folders), registration=last)
    spent = next((one for one in reversed(known) if evidence_path(one, folder).is_file()), None)
    if spent is None:
        return replace(_not_run(last, folders), registration=last)
    evidence = read_evidence(spent, folder)
    assert evidence is not None
    verdict = replace(judge_evidence(spent, evidence), registration=spent)
    waiting = "" if spent is last else f"; as of version {spent.version}, and {last.name} is registered and was not run"
    return replace(verdict, evidence=verdict.evidence + waiting)


def _judge_results(
    registration: HypothesisRegistration, sources: Sources, folders: Mapping[str, Path]
) -> HypothesisVerdict:
    verdict = judge_evidence(registration, collect(registration, folders))
    if verdict.outcome == "refused":
        return verdict
    altered = list(replay_differences(registration, folders, sources.replay))
    return refused(registration, altered) if altered else verdict


def _not_run(registration: HypothesisRegistration, folders: Mapping[str, Path]) -> HypothesisVerdict:
    statement = registration.statement
    if not registration.is_of_these_sources:
        void = f"{registration.name} is void: the sources have changed and nothing was run under it"
        return not_run(statement, void, f"register anew: `nasbench hypotheses {statement.name} --register`")
    lacking = [name for name in registration.studies if name not in folders]
    commands = " and ".join(f"`{one}`" for one in registration.commands)
    return not_run(statement, f"there are no results of {' and '.join(lacking)}", commands)


def judge_evidence(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> HypothesisVerdict:
    """Judge evidence, or refuse it by everything in which it is not what was registered."""
    if reasons := objections(registration, evidence):
        return refused(registration, reasons)
    match registration.statement:
        case MedianToTarget():
            return judge_best_cell(registration, evidence)
        case Ablation():
            return judge_ablation(registration, evidence)
    return judge_search_time(registration, evidence)
