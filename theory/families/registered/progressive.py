"""Progressive search as registered: the law of its first level, and what its later levels consist of."""

from __future__ import annotations

from functools import partial

import numpy as np

from nasbench.baselines.progressive import Progressive
from nasbench.search.optimizer import PerRun
from nasbench.spaces.space import Architectures, Floats
from nasbench.theory.exact.random_search import best_rank_pmf
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Outcome,
    Verdict,
    by_p_value,
    equal_within,
    not_judged,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.machinery.registered_runs import Algorithm, repeat, run, start
from nasbench.theory.machinery.statistical_checks import DRAWS, law_equals
from nasbench.theory.machinery.testbed import make_space


def _levels(context: Context, algorithm: Algorithm = "progressive") -> Verdict:
    """Count architectures of a level that are not children of the level below, that are too many, or that were asked for before."""
    rng, beam, space = context.rng("policies.levels"), 5, make_space(4, 3)
    optimizer = start(algorithm, space, 1, int(rng.integers(2**31)), beam_width=beam, steps=10)
    trend = rng.random((4, 3))

    def error(architectures: Architectures) -> Floats:
        return trend[np.arange(4), architectures].sum(axis=1, keepdims=True)

    kept, wrong, asked = [np.zeros(4, dtype=np.int8)], 0, 0
    for level in range(1, 5):
        batch = np.asarray(optimizer.ask())
        optimizer.tell(repeat(batch[0], error(batch[0]), None, 1))
        found = {a.tobytes() for a in batch[0]}
        wrong += max(0, len(batch[0]) - beam) + len(batch[0]) - len(found)
        for a in batch[0]:
            parents = [((a != p).sum() == 1) and (p[a != p] == 0).all() for p in kept]
            wrong += int(np.count_nonzero(a) != level or not any(parents))
        kept, asked = list(batch[0]), asked + len(batch[0])
    note = f"architectures against the rule of four levels of at most {beam}, {asked} asked for"
    return equal_within(wrong, 0, 0, asked, note=note)


class WiderBeam(Progressive):
    """A mutant that evaluates one more at each level."""

    def _choose(self, pool: Architectures) -> Architectures:
        self._beam += 1
        chosen = super()._choose(pool)
        self._beam -= 1
        return chosen


def _first_level(context: Context, factor: float = 1.0, beam: int = 5, runs: int = 1_500) -> Verdict:
    """Compare the law of the best rank in the first level with that of draws without replacement; a mutant states another beam width."""
    rng, space = context.rng("policies.first-level"), make_space(5, 4)
    rank = rng.permutation(space.product_size).astype(float)
    optimizer = start("progressive", space, runs, int(rng.integers(2**31)), beam_width=beam)
    best = run(optimizer, lambda a, epochs: rank[space.index(a)][:, None], beam).objectives[..., 0].min(axis=1)
    of_level = np.sort(rank[np.count_nonzero(space.all, axis=1) == 1])
    cdf = np.cumsum(best_rank_pmf(len(of_level), max(round(factor * beam), 1)))
    note = f"rank among the {len(of_level)} architectures of the level of the best of {beam}"
    return law_equals(np.searchsorted(of_level, best), cdf, note=note)


def _first_level_on_traces(runs: OptimizerRuns, context: Context) -> Verdict | None:
    """Test which architectures of the first level the runs asked for first; another architecture among them is against the law.

    Within a run no architecture comes twice, which makes the counts less variable than the chi-square test allows for.
    """
    if not runs.is_product or not runs.is_alone:
        return None
    space = runs.space
    size = int((space.cardinalities - 1).sum())
    first = min(int(runs.settings["beam_width"]), size, runs.horizon)
    asked = runs.queried[:, :first].reshape(-1, space.d)
    if len(asked) < DRAWS:
        return not_judged(Outcome.UNDECIDED, f"{len(asked)} queries of the first level are too few; {DRAWS} would do")
    outside = int((np.count_nonzero(asked, axis=1) != 1).sum())
    position = (asked + np.append(0, np.cumsum(space.cardinalities - 1)[:-1]) - 1)[asked != 0]
    counts = np.bincount(position, minlength=size)
    p_value = 0.0 if outside else chi_square_p_value(counts, np.full(size, 1 / size))
    note = f"most frequent architecture of the first level over its share; {outside} queries of others"
    return by_p_value(p_value, float(counts.max()) * size / len(asked), 1.0, len(asked), note=note)


CLAIMS = (
    Claim(
        "progressive.first-level",
        r"P(\text{best rank of the first } K > r) = \binom{L-r-1}{K} \Big/ \binom{L}{K}, \quad "
        r"L = \sum_e (k_e - 1) \text{ architectures with one decision set}",
        (Assumption("beam width 5, 5 decisions of 4 choices"), Assumption("nothing is known beforehand")),
        "Liu et al. 2018 (PNAS), algorithm 1, of whose first level a uniform part is evaluated; hypergeometric",
        _first_level,
        Mutant.by_factor("the beam width", _first_level, 2.0),
        optimizers=("progressive",),
        evidence=(Evidence.EXACT, Evidence.SHIPPED),
        kind="exact law",
        trace_check=_first_level_on_traces,
    ),
    Claim(
        "progressive.levels",
        r"\text{level } l: \text{ at most } K \text{ new children, with } l \text{ decisions set, of level } l - 1",
        (Assumption("beam width 5, 4 decisions of 3 choices"),),
        "Liu et al. 2018 (PNAS), algorithm 1",
        _levels,
        Mutant("one more at each level", partial(_levels, algorithm=PerRun(WiderBeam))),
        optimizers=("progressive",),
        evidence=(Evidence.SHIPPED,),
        kind="software check",
    ),
)
"""Claims about progressive search."""
