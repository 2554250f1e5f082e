"""Judge registered claims, each by what its kind asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.errors import MissingExtraError
from nasbench.extras import require_extra
from nasbench.reports.hypotheses.ablation import judge_ablation
from nasbench.reports.hypotheses.best_cell import judge_best_cell
from nasbench.reports.hypotheses.hypervolume import judge_hypervolume
from nasbench.reports.hypotheses.registry import (
    Ablation,
    MedianToTarget,
    QueriesToHypervolume,
    Registered,
    StudyHypothesis,
    TimeToTargetRatio,
    TrainedNetwork,
)
from nasbench.reports.hypotheses.search_time import judge_search_time
from nasbench.reports.hypotheses.studies import study_folders
from nasbench.reports.hypotheses.training import judge_training
from nasbench.reports.hypotheses.verdict import ClaimVerdict, not_run

EVIDENCE = Path("reports") / "evidence"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where evidence lies.

    Attributes:
        results: results folders; a study without one is looked for in `results/STUDY`.
        evidence: folder of evidence of trained networks.
        theory: whether to check the theory now, which takes minutes.
        jobs: processes.
    """

    results: Sequence[Path] = ()
    evidence: Path = EVIDENCE
    theory: bool = True
    jobs: int = 1


def judge_claims(
    hypotheses: Sequence[Registered],
    sources: Sources,
    progress: Callable[[int, int], None] = lambda done, all_: None,
) -> list[ClaimVerdict]:
    """Judge hypotheses in their order.

    Raises:
        NasbenchError: if a folder that was named is not what it should be, or evidence is damaged.
    """
    studies = list(dict.fromkeys(one.study for one in hypotheses if isinstance(one, StudyHypothesis)))
    folders = study_folders(sources.results, studies)

    def judge(claim: Registered) -> ClaimVerdict:
        match claim:
            case TimeToTargetRatio():
                return judge_search_time(claim, folders)
            case MedianToTarget():
                return judge_best_cell(claim, folders)
            case QueriesToHypervolume():
                return judge_hypervolume(claim, folders)
            case Ablation():
                return judge_ablation(claim, folders)
            case TrainedNetwork():
                return judge_training(claim, sources.evidence)
        if not sources.theory:
            return not_run(claim, "the theory was not checked", "run `nasbench hypotheses` without --no-theory")
        try:
            require_extra("theory", "sympy")
        except MissingExtraError as fault:
            return not_run(claim, "its derivations were not checked", str(fault))
        from nasbench.reports.hypotheses.theory_claims import judge_theory

        return judge_theory(claim, sources.jobs, progress)

    return [judge(claim) for claim in hypotheses]
