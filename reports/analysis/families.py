"""Methods over families of benchmarks: a family counts once, however many of its data sets are in a study.

Data sets of one table share a search space and mostly a training pipeline, so that they are no independent sample of problems; runs are
none at all. Ranks and tests are therefore over families, each with the mean over its data sets of the mean over runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from nasbench.reports.analysis.comparison import resamples_for
from nasbench.reports.analysis.digest import digest_contents
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, relative_regret
from nasbench.reports.analysis.targets import Target, headline
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.ranks import CriticalDifference, friedman, nemenyi
from nasbench.reports.statistics.restricted_mean_ratio import ComparedTimes, geometric_mean_ratio
from nasbench.reports.statistics.result import Estimate, HypothesisTest, Undefined
from nasbench.reports.statistics.survival import restricted_mean
from nasbench.spaces.space import Floats
from nasbench.ties import tolerance

ITSELF = Undefined("the reference is not compared with itself")


def family(benchmark: str) -> str:
    """Return the family of a benchmark: the name of its table, function or surrogate."""
    return benchmark.removeprefix("recorded/").partition("/")[0]


def family_scores(evaluations: Sequence[BenchmarkEvaluation]) -> Floats:
    """Return a final score of each method in each family, `(families, methods)`, lower is better.

    It is the mean over the data sets of the family of the relative regret; of the ranks, where a data set has no spread to be relative to.
    """
    families: dict[str, list[BenchmarkEvaluation]] = {}
    for evaluation in evaluations:
        families.setdefault(family(evaluation.benchmark), []).append(evaluation)
    rows = []
    for own in families.values():
        if all(e.average > e.optimum + tolerance(e.average, e.optimum) for e in own):
            rows.append([relative_regret(own, label).mean() for label in own[0].outcomes])
        else:
            rows.append(np.mean([rankdata([o.score.mean() for o in e.outcomes.values()]) for e in own], axis=0))
    return np.array(rows)


@dataclass(frozen=True)
class FamilyRanking:
    """Ranks of methods over families by one measure.

    Attributes:
        scores: mean score of each method in each family, `(families, methods)`; lower is better.
        test: Friedman's test of equal mean ranks.
        ranks: mean ranks with the critical difference.
    """

    scores: Floats
    test: HypothesisTest | Undefined
    ranks: CriticalDifference | Undefined

    @classmethod
    def of(cls, scores: Floats) -> FamilyRanking:
        """Rank methods by scores `(families, methods)`."""
        return cls(scores, friedman(scores), nemenyi(scores))

    def mean_rank(self, method: int) -> float | Undefined:
        """Return the mean rank of a method, by its column."""
        return self.ranks if isinstance(self.ranks, Undefined) else float(self.ranks.mean_ranks[method])


@dataclass(frozen=True)
class MethodStanding:
    """One method over all families.

    Attributes:
        label: in the study.
        cost: geometric mean over families of the restricted mean cost of the target, relative to the reference.
        by_family: the same in each family.
        reached: share of the runs that reached the target, in each family.
        runs: hash of its runs.
        compared: hash of its runs and the reference's.
    """

    label: str
    cost: Estimate | Undefined
    by_family: Mapping[str, Estimate | Undefined]
    reached: Mapping[str, float]
    runs: str
    compared: str


@dataclass(frozen=True)
class FamilyComparison:
    """All methods of a study over families.

    Attributes:
        reference: label of the method that costs are relative to.
        account: in which costs are.
        families: data sets of each, in the order of the study.
        targets: of each data set: one of the ten best architectures, or the best where the ten best are unknown.
        standings: of the methods, in the order of the study.
        by_cost: ranks by the restricted mean cost of the target as a share of the horizon.
        by_regret: ranks by the final regret relative to a random architecture's.
        runs: runs of each method on each data set.
    """

    reference: str
    account: str
    families: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, Target]
    standings: tuple[MethodStanding, ...]
    by_cost: FamilyRanking
    by_regret: FamilyRanking
    runs: int


def compare_families(
    evaluations: Sequence[BenchmarkEvaluation], reference: str, rng: np.random.Generator
) -> FamilyComparison:
    """Compare the methods of a study over the families of its benchmarks.

    Args:
        evaluations: of all benchmarks.
        reference: label of the method that costs are relative to.
        rng: the random stream of the bootstrap.
    """
    account, labels = evaluations[0].main, list(evaluations[0].outcomes)
    families: dict[str, list[BenchmarkEvaluation]] = {}
    for evaluation in evaluations:
        families.setdefault(family(evaluation.benchmark), []).append(evaluation)
    targets = {e.benchmark: headline([e.targets]) for e in evaluations}

    def times(evaluation: BenchmarkEvaluation, label: str) -> CensoredTimes:
        return evaluation.outcomes[label].times[targets[evaluation.benchmark].key, account]

    def horizon(evaluation: BenchmarkEvaluation) -> float:
        return evaluation.horizons[targets[evaluation.benchmark].key, account]

    def relative(some: Sequence[BenchmarkEvaluation], label: str) -> Estimate | Undefined:
        if label == reference:
            return ITSELF
        tasks = [ComparedTimes(times(e, label), times(e, reference), horizon(e)) for e in some]
        weights = [1.0 / len(families[family(e.benchmark)]) for e in some]
        return geometric_mean_ratio(tasks, weights, rng, paired=True, resamples=resamples_for(tasks[0].a.runs))

    def share(evaluation: BenchmarkEvaluation, label: str) -> float:
        mean = restricted_mean(times(evaluation, label), horizon(evaluation)).value
        return np.nan if isinstance(mean, Undefined) else mean / horizon(evaluation)

    def regret(evaluation: BenchmarkEvaluation, label: str) -> float:
        return float(relative_regret([evaluation], label).mean())

    def ranking(score: object) -> FamilyRanking:
        assert callable(score)
        rows = [[np.mean([score(e, label) for e in own]) for label in labels] for own in families.values()]
        return FamilyRanking.of(np.array(rows))

    digests = {label: digest_contents(e.outcomes[label].digest.encode() for e in evaluations) for label in labels}
    standings = tuple(
        MethodStanding(
            label=label,
            cost=relative(evaluations, label),
            by_family={name: relative(own, label) for name, own in families.items()},
            reached={
                name: float(np.mean([times(e, label).until(horizon(e)).observed.mean() for e in own]))
                for name, own in families.items()
            },
            runs=digests[label],
            compared=f"{digests[label]}+{digests[reference]}",
        )
        for label in labels
    )
    return FamilyComparison(
        reference=reference,
        account=account,
        families={name: tuple(e.benchmark for e in own) for name, own in families.items()},
        targets=targets,
        standings=standings,
        by_cost=ranking(share),
        by_regret=ranking(regret),
        runs=min(len(outcome.runs) for e in evaluations for outcome in e.outcomes.values()),
    )
