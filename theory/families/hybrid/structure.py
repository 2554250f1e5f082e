"""Structural properties of the hybrid: monotonicity, invariances, and behaviour with components switched off.

Each is deterministic: one violation falsifies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.parts import DEFAULT_PARTS, Parts
from nasbench.search.history import History
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.space import Architectures, Floats
from nasbench.theory.exact.pareto_sets import hypervolume
from nasbench.theory.families.hybrid.mutants import SkippingLadder
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, at_most
from nasbench.theory.machinery.testbed import (
    DEFAULT_AND_ALL_OPERATORS,
    Function,
    iterate,
    make_hybrid,
    make_space,
    random_landscape,
)

NOISE_FREE = Assumption("an architecture has one value; under noise the statement is about observed values")


def _archive(context: Context, of_survivors: bool = False) -> Verdict:
    """Bound the greatest fall of the hypervolume of the hybrid's archive, and the greatest rise of the best of one objective."""
    worst, queries = 0.0, 0
    rng = context.rng("hybrid.archive")
    space = make_space(4, 4)
    for run in range(4):
        optimizer = make_hybrid(rng, space, 2, use_surrogate=False, population_size=4, n_candidates=8)
        volume = 0.0
        history = optimizer.history
        for _ in iterate(optimizer, random_landscape(run, space, 2), 100):
            front = history.objectives[history.front()]
            kept = optimizer.evolution.objectives if of_survivors else front
            worst, volume = max(worst, volume - hypervolume(kept)), hypervolume(kept)
            queries += 1
        optimizer = make_hybrid(rng, space, use_surrogate=False, population_size=4, n_candidates=8)
        best = np.inf
        for _, objectives, _ in iterate(optimizer, random_landscape(run, space), 60):
            best = min(best, float(objectives[0]))
            worst = max(worst, float(optimizer.evolution.objectives[0, 0]) - best)
            queries += 1
    return at_most(worst, 1e-12, queries, note="greatest loss of hypervolume (two objectives) or of the best (one)")


def _queries(rng: np.random.Generator, function: Function, most: int, **settings: Any) -> Architectures:
    space = make_space(4, 4)
    return np.stack([a for a, *_ in iterate(make_hybrid(rng, space, **settings), function, most)])


def _standardised(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))


def _rank_invariance(context: Context, raw: bool = False) -> Verdict:
    """Count the queries that change when the objective goes through an increasing function."""
    transforms: tuple[Callable[[Floats], Floats], ...] = (
        lambda y: 7.0 * y - 3.0,
        lambda y: np.exp(3.0 * y),
        lambda y: y**3,
    )
    function, changed, most = random_landscape(5, make_space(4, 4)), 0, 50
    seed = int(context.rng("hybrid.ranks").integers(2**31))
    settings: dict[str, Any] = {
        "parts": Parts(score_transform=_standardised) if raw else DEFAULT_PARTS,
        "n_candidates": 16,
    }
    for operators in DEFAULT_AND_ALL_OPERATORS:
        chosen = {**settings, **operators}
        plain = _queries(np.random.default_rng(seed), function, most, **chosen)
        for transform in transforms:
            other = _queries(np.random.default_rng(seed), partial(_composed, transform, function), most, **chosen)
            changed += int((other != plain).any(axis=1).sum())
    note = "queries that differ, by default and with all operators, three transformations"
    return at_most(changed, 0, 2 * most * len(transforms), note=note)


def _composed(outer: Callable[[Floats], Floats], inner: Function, architectures: Architectures) -> Floats:
    return outer(inner(architectures))


def _evolution_alone(context: Context, rate: float = 0.0) -> Verdict:
    """Step the evolution part by hand; then freeze theta at uniform, where guidance must make no difference."""
    space, most = make_space(4, 4), 80
    function = random_landscape(7, space)
    seed = int(context.rng("hybrid.alone").integers(2**31))
    alone = _queries(
        np.random.default_rng(seed),
        function,
        most,
        use_surrogate=False,
        use_gradient=False,
        epsilon=0.0,
        merge_isomorphic=False,
    )
    by_hand = _evolved(np.random.default_rng(seed), function, most)
    guided = [
        _queries(
            np.random.default_rng(seed),
            function,
            most,
            use_surrogate=False,
            eg_learning_rate=rate,
            theta_uniform_mix=0.01,
            guided_mutation_prob=guidance,
        )
        for guidance in (0.0, 1.0)
    ]
    changed = int((alone != by_hand).any(axis=1).sum()) + int((guided[0] != guided[1]).any(axis=1).sum())
    return at_most(changed, 0, 2 * most, note="queries that differ from the part's own, or with and without guidance")


def _evolved(rng: np.random.Generator, function: Function, most: int) -> Architectures:
    """Return what `Evolution` measures when it is stepped with the hybrid's random numbers and nothing else."""
    space, initial = make_space(4, 4), 4
    own, evolving, _, _ = rng.spawn(4)
    history = History(space)
    evolution = Evolution(history, evolving, population_size=20, crossover_prob=0.3, guided_mutation_prob=0.5)
    uniform = uniform_theta(support(space.cardinalities))[0]
    left, measured = np.ones(space.size, dtype=bool), []
    for query in range(most):
        if query < initial:
            places = np.flatnonzero(left)
            child = space.all[places[own.integers(len(places))]]
        else:
            own.random()
            offspring = evolution.propose(64, uniform, uniform)
            child = offspring[left[space.index(offspring)]][0]
        left[space.index(child)] = False
        history.add(child[None], function(child[None]))
        evolution.update()
        measured.append(child)
    return np.stack(measured)


def _ladder(context: Context, skip: bool = False) -> Verdict:
    """Count queries out of order: every architecture must be trained for 1, 3 and 9 epochs, in this order, none twice.

    The mutant runs without the surrogate, which refuses scores of a rung that was skipped.
    """
    space, epochs = make_space(3, 4, unordered=True), (1, 3, 9)
    wrong = queries = 0
    parts = Parts(fidelity_ladder=SkippingLadder) if skip else DEFAULT_PARTS
    optimizer = make_hybrid(
        context.rng("hybrid.ladder"), space, epochs=epochs, progressive=True, use_surrogate=not skip, parts=parts
    )
    climbed: dict[bytes, int] = {}
    for architecture, _, at in iterate(optimizer, random_landscape(9, space), 60):
        function = space.canonical(architecture).tobytes()
        wrong += int(at != epochs[min(climbed.get(function, 0), 2)] or climbed.get(function, 0) > 2)
        climbed[function] = climbed.get(function, 0) + 1
        queries += 1
    return at_most(wrong, 0, queries, note="queries that skip or repeat a rung, 20 functions, all used up")


CLAIMS = (
    Claim(
        "hybrid.archive-monotone",
        r"HV(\text{archive}_{t+1}) \ge HV(\text{archive}_t); \text{ the best survivor of one objective never gets worse}",
        (NOISE_FREE, Assumption("the reference point is fixed")),
        "Fleischer 2003; elitism of truncation selection by total order",
        _archive,
        Mutant(
            "the survivors of evolution (rank and crowding) in place of the archive",
            partial(_archive, of_survivors=True),
        ),
    ),
    Claim(
        "hybrid.rank-invariance",
        r"g \text{ increasing} \Rightarrow \text{ the hybrid on } g \circ f \text{ makes the queries that it makes on } f",
        (Assumption("one objective, one fidelity"), Assumption("g merges no two values in floating point")),
        "derived here: normal scores of ranks; mapping back to values is monotone and the acquisition orders as its argument does",
        _rank_invariance,
        Mutant("standardised values in place of normal scores", partial(_rank_invariance, raw=True)),
        kind="theorem",
    ),
    Claim(
        "hybrid.evolution-alone",
        r"\text{surrogate and relaxation off: the evolution part; } \theta \equiv \text{uniform: guidance makes no difference}",
        (Assumption("exploration 0 and no merging, for the comparison with the part"),),
        "by construction: every part has random numbers of its own",
        _evolution_alone,
        Mutant("a relaxation that moves", partial(_evolution_alone, rate=0.5)),
    ),
    Claim(
        "hybrid.ladder-order",
        r"\text{every function climbs the rungs in order, each once}",
        (Assumption("the budget answers every query"),),
        "by construction: the next rung is the one above the highest reached",
        _ladder,
        Mutant("a ladder that goes from the lowest rung to the top", partial(_ladder, skip=True)),
    ),
)
"""Identities of the hybrid."""
