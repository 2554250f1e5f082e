"""Judge registered claims, each by what its kind asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.reports.hypotheses.ablation import judge_ablation
from nasbench.reports.hypotheses.best_cell import judge_best_cell
from nasbench.reports.hypotheses.hypervolume import judge_hypervolume
from nasbench.reports.hypotheses.registry import Hypothesis
from nasbench.reports.hypotheses.search_time import judge_search_time
from nasbench.reports.hypotheses.studies import study_folders
from nasbench.reports.hypotheses.training import judge_training
from nasbench.reports.hypotheses.verdict import ClaimVerdict, not_run

EVIDENCE = Path("reports") / "evidence"

BY_STUDY: Mapping[str, Callable[[Hypothesis, Mapping[str, Path]], ClaimVerdict]] = {
    "time to target": judge_search_time,
    "median to target": judge_best_cell,
    "queries to hypervolume": judge_hypervolume,
    "ablation": judge_ablation,
}
"""Kind of claim to what judges it by a study."""


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
    claims: Sequence[Hypothesis], sources: Sources, progress: Callable[[int, int], None] = lambda done, all_: None
) -> list[ClaimVerdict]:
    """Judge claims in their order.

    Raises:
        NasbenchError: if a folder that was named is not what it should be, or evidence is damaged.
    """
    studies = list(dict.fromkeys(str(claim.facts["study"]) for claim in claims if "study" in claim.facts))
    folders = study_folders(sources.results, studies)

    def judged(claim: Hypothesis) -> ClaimVerdict:
        if claim.kind in BY_STUDY:
            return BY_STUDY[claim.kind](claim, folders)
        if claim.kind == "trained network":
            return judge_training(claim, sources.evidence)
        if not sources.theory:
            return not_run(claim, "the theory was not checked", "run `nasbench hypotheses` without --no-theory")
        from nasbench.reports.hypotheses.theory_claims import judge_theory

        return judge_theory(claim, sources.jobs, progress)

    return [judged(claim) for claim in claims]
