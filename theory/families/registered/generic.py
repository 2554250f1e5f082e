"""What holds for groups of registered optimizers: invariances, spaces that are used up, and uniform initial designs.

An optimizer that only compares errors proposes the same after any increasing transformation of them: the law of its time to the K best is
that of the ranks, whatever the table. One that standardises them does so after a positive scaling. One that never asks twice has found
the optimum after N queries. Until its model takes over, a search with a model has the law of random search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from nasbench.search.optimizer import Optimizer
from nasbench.search.registry import get_optimizer
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.theory.exact.random_search import best_rank_pmf
from nasbench.theory.families.complexity.optimizers import is_installed
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict, equal_within
from nasbench.theory.machinery.registered_runs import RegisteredRuns, observe, run, start
from nasbench.theory.machinery.statistical_checks import law_equals
from nasbench.theory.machinery.testbed import make_space

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
QUICK: Mapping[str, Mapping[str, Any]] = {
    "bananas": {"training_steps": 5, "ensemble_size": 2, "batch_size": 4},
    "bananas_naszilla": {"training_steps": 5, "ensemble_size": 2, "hidden_layers": 2, "batch_size": 4},
    "npenas": {"training_steps": 5, "hidden_layers": 2, "batch_size": 4},
    "weaknas": {"training_steps": 60, "batch_size": 3, "n_candidates": 6},
    "progressive": {"steps": 5, "beam_width": 4},
    "reinforce": {"learning_rate": 0.5},
    "nsga2": {"population_size": 6},
    "nsga3": {"population_size": 8},
    "sms_emoa": {"population_size": 6},
    "prescreened_nsga2": {"population_size": 6},
    "asng": {"samples_per_step": 4},
    "quantum_inspired": {"population_size": 3, "rotation_angle": 0.1},
}
"""Settings with which a model is cheap and a population small."""

RANKS = ("regularized_evolution", "local_search", "one_plus_one_ea", "asng", "quantum_inspired", "successive_halving",
         "hyperband", "asha", "bohb", "dehb", "tpe", "gp_bo")  # fmt: skip
"""Optimizers that see errors only through their order."""

SCALES = ("simulated_annealing", "pasha", "bananas", "bananas_naszilla", "npenas", "weaknas", "progressive", "hybrid",
          "nsga2", "nsga3", "sms_emoa", "prescreened_nsga2", "parego", "motpe", "optuna_gp", "reinforce", "qnehvi")  # fmt: skip
"""Optimizers that see differences of errors, up to their unit; the unit is changed by a power of two, which rounds nothing."""

USED_UP = ("gp_bo", "bananas", "bananas_naszilla", "npenas", "weaknas", "progressive", "hybrid", "parego")
"""Optimizers that never ask for an architecture twice."""

DESIGNS: Mapping[str, bool] = {
    "gp_bo": False, "bananas": False, "bananas_naszilla": True, "npenas": True, "weaknas": True, "nas_bowl": True, "parego": False,
    "tpe": False, "motpe": False, "optuna_gp": False, "hybrid": True, "qnehvi": False, "smac": False,
}  # fmt: skip
"""Optimizers with an initial design, and whether its architectures are all different."""

BATCHES: Mapping[str, int] = {
    "gp_bo": 1, "parego": 1, "tpe": 1, "motpe": 1, "optuna_gp": 1, "hybrid": 1, "qnehvi": 1, "smac": 1, "bananas": 4, "bananas_naszilla": 4,
    "npenas": 4, "weaknas": 3, "nas_bowl": 2,
}  # fmt: skip
"""Architectures that are proposed between two fits of the model, by the settings of `small_settings`."""

QUERIES: Mapping[str, int] = {"optuna_gp": 8, "qnehvi": 8, "smac": 8}
"""Queries of a comparison where each takes long."""

DESIGN = 6
"""Architectures of an initial design."""


def space_for(name: str) -> Space:
    """Return a small space on which an optimizer can run: of cells for one that needs graphs."""
    return get_space("nas-bench-201") if name == "nas_bowl" else make_space(4, 3)


def small_settings(name: str, design: int = DESIGN) -> dict[str, Any]:
    """Return settings with which a short run reaches what comes after the initial design."""
    known = get_optimizer(name).settings
    first = {"n_initial_samples": design} if "n_initial_samples" in known and name != "local_search" else {}
    pool = {"n_candidates": 20, "batch_size": 2} if name == "nas_bowl" else {}
    return {**first, **pool, **QUICK.get(name, {})}


def _begun(
    name: str, space: Space, runs: int, seed: int, design: int = DESIGN
) -> tuple[Optimizer, tuple[int, ...], int]:
    """Return an optimizer, its fidelities, and its number of objectives."""
    spec = get_optimizer(name)
    epochs, objectives = ((1, 3, 9) if spec.fidelities else (1,)), (2 if spec.objectives == "many" else 1)
    settings = small_settings(name, design)
    return start(name, space, runs, seed, objectives=objectives, epochs=epochs, **settings), epochs, objectives


def _values(context: Context, space: Space, objectives: int) -> Callable[[Architectures], Floats]:
    """Return objectives of whole numbers that are additive up to noise, `(n, d)` to `(n, M)`."""
    rng = context.rng("generic.values")
    k = int(space.cardinalities.max())
    trend, noise = rng.integers(0, 200, (space.d, k, objectives)), rng.permutation(2_000)

    def value(architectures: Architectures) -> Floats:
        where = architectures.astype(np.int64) @ k ** np.arange(space.d)
        additive = trend[np.arange(space.d), architectures].sum(axis=1)
        return np.asarray(additive + noise[where % 2_000, None] / 10.0, dtype=float)

    return value


def _asked(context: Context, name: str, queries: int, change: Callable[[Floats], Floats]) -> RegisteredRuns:
    """Return one run on objectives that are changed before they are told."""
    space = space_for(name)
    optimizer, epochs, objectives = _begun(name, space, 1, int(context.rng(f"generic.{name}").integers(2**31)))
    value = _values(context, space, objectives)

    def told(architectures: Architectures, at: Ints) -> Floats:
        return change(value(architectures) + 7.0 * (at[:, None] != epochs[-1]) * (architectures[:, :1] - 1.0))

    return run(optimizer, told, queries, epochs[-1])


def exponential(values: Floats) -> Floats:
    """Return an increasing transformation."""
    return np.exp(values / 100.0)


def doubled(values: Floats) -> Floats:
    """Return values in a unit of an eighth."""
    return 8.0 * values


def folded(values: Floats) -> Floats:
    """Return a transformation that is not increasing: a sawtooth."""
    return np.mod(37.0 * values, 100.0)


def _invariance(context: Context, name: str, change: Callable[[Floats], Floats], queries: int) -> Verdict:
    """Count queries in which two runs of one seed differ, of which one is told changed objectives."""
    first, second = (_asked(context, name, queries, by) for by in (np.asarray, change))
    same = first.architectures.shape == second.architectures.shape
    different = (
        (first.architectures != second.architectures).any(axis=-1) | (first.epochs != second.epochs)
        if same
        else np.ones(queries)
    )
    seen = len(np.unique(first.architectures[0], axis=0))
    return equal_within(
        int(different.sum()), 0, 0, queries, note=f"queries that differ; {seen} different architectures"
    )


def _used_up(context: Context, name: str, forgets: bool = False) -> Verdict:
    """Count architectures that were not asked for in as many queries as the space has members."""
    space = make_space(2, 4)
    size = space.product_size
    seed = int(context.rng(f"generic.used-up.{name}").integers(2**31))
    optimizer, _, objectives = _begun(name, space, 1, seed, design=2)
    value = _values(context, space, objectives)
    asked: list[bytes] = []
    while len(asked) < size:
        batch = np.asarray(optimizer.ask())
        if not batch.shape[1]:
            break
        # the mutant hears of every other answer only
        told = batch[:, len(asked) % 2 :: 2] if forgets else batch
        asked += [a.tobytes() for a in batch[0]]
        optimizer.tell(observe(told, lambda architectures, epochs: value(architectures)))
    asked = asked[:size]
    note = f"queries without a new architecture, of {size}"
    return equal_within(size - len(set(asked)), 0, 0, size, note=note)


def _design(context: Context, name: str, different: bool, of_more: int = 0) -> Verdict:
    """Compare the law of the best rank in the initial design with that of random search."""
    space = get_space("nas-bench-201") if name == "nas_bowl" else make_space(5, 4)
    runs = 60 if name in QUERIES else 200
    optimizer, _, objectives = _begun(name, space, runs, int(context.rng(f"generic.design.{name}").integers(2**31)))
    size = space.product_size
    order = context.rng("generic.design").permutation(size).astype(float)

    def rank(architectures: Architectures, epochs: Ints) -> Floats:
        return np.repeat(order[space.index(architectures)][:, None], objectives, axis=1)

    best = np.nanmin(run(optimizer, rank, DESIGN).objectives[..., 0], axis=1)
    drawn = DESIGN + of_more
    beyond = np.arange(1, size + 1) / size
    cdf = np.cumsum(best_rank_pmf(size, drawn)) if different else 1 - (1 - beyond) ** drawn
    return law_equals(best, cdf, note=f"rank of the best of the first {DESIGN} of {size}")


def _fits(context: Context, name: str, batch: int, larger: int = 0) -> Verdict:
    """Count the models that are built until some queries after the initial design are made."""
    queries = DESIGN + (2 if name in QUERIES else 24)
    space = get_space("nas-bench-201") if name == "nas_bowl" else make_space(5, 4)
    optimizer, _, objectives = _begun(name, space, 1, int(context.rng(f"generic.fits.{name}").integers(2**31)))
    value = _values(context, space, objectives)
    made = asked = 0
    while made < queries:
        batch_asked = np.asarray(optimizer.ask())
        asked += made >= DESIGN
        made += batch_asked.shape[1]
        optimizer.tell(observe(batch_asked, lambda architectures, epochs: value(architectures)))
    stated = -(-(queries - DESIGN) // (batch + larger))
    return equal_within(
        asked, stated, 0, queries, note=f"models for {queries} queries, {DESIGN} of them of the initial design"
    )


def _replay(context: Context, name: str = "darts_replay") -> Verdict:
    """Count different architectures over runs of different seeds that are told different errors."""
    space, rng = get_space("nas-bench-201"), context.rng("generic.replay")
    optimizer = start(name, space, 20, int(rng.integers(2**31)))
    asked = run(optimizer, lambda architectures, epochs: rng.random((len(architectures), 1)), 10).architectures
    different = len(np.unique(asked.reshape(-1, space.d), axis=0))
    return equal_within(different, 1, 0, 20, note="different architectures in 20 runs")


def _installed(names: Any) -> list[str]:
    return [name for name in names if is_installed(name)]


def _slug(name: str) -> str:
    return name.replace("_", "-")


_ONE_SEED = Assumption("one worker, equal random numbers")

CLAIMS = (
    Claim(
        "convergence.replay-darts-replay",
        r"\text{the simple regret is } f(x_D) - f(x^*) \text{ after each query: one } x_D \text{ for all seeds and errors}",
        (Assumption("the cell that DARTS found on CIFAR-10"),),
        "nothing is searched",
        _replay,
        Mutant("an optimizer that searches", partial(_replay, name="random_search")),
        optimizers=("darts_replay",),
        evidence=BOTH,
        kind="software check",
    ),
    *(
        Claim(
            f"invariance.monotone-{_slug(name)}",
            r"\text{told } g(f) \text{ with } g \text{ increasing, it asks as if told } f",
            (_ONE_SEED,),
            "it compares errors and uses them in no other way",
            partial(_invariance, name=name, change=exponential, queries=60),
            Mutant(
                "a transformation that is not increasing", partial(_invariance, name=name, change=folded, queries=60)
            ),
            optimizers=(name,),
            evidence=SHIPPED,
            kind="theorem",
        )
        for name in _installed(RANKS)
    ),
    *(
        Claim(
            f"invariance.unit-{_slug(name)}",
            r"\text{told } c f \text{ with } c > 0, \text{ it asks as if told } f",
            (_ONE_SEED, Assumption("c is a power of two, by which floating-point numbers are multiplied exactly")),
            "it compares errors, or standardises them",
            partial(_invariance, name=name, change=doubled, queries=QUERIES.get(name, 24)),
            Mutant(
                "a transformation that is not increasing",
                partial(_invariance, name=name, change=folded, queries=QUERIES.get(name, 24)),
            ),
            optimizers=(name,),
            evidence=SHIPPED,
            kind="theorem",
        )
        for name in _installed(SCALES)
    ),
    *(
        Claim(
            f"convergence.used-up-{_slug(name)}",
            r"T \le N: \text{ every query is of a new architecture until none is left}",
            (Assumption("a space of 16 architectures"),),
            "what was evaluated is no candidate",
            partial(_used_up, name=name),
            Mutant("every second answer is lost", partial(_used_up, name=name, forgets=True)),
            optimizers=(name,),
            evidence=SHIPPED,
            kind="theorem",
        )
        for name in _installed(USED_UP)
    ),
    *(
        Claim(
            f"convergence.design-{_slug(name)}",
            r"P(\text{best rank of } n_0 > r) = \binom{N-r-1}{n_0} \Big/ \binom{N}{n_0}"
            if different
            else r"P(\text{best rank of } n_0 > r) = (1 - (r + 1)/N)^{n_0}",
            (
                Assumption(
                    f"an initial design of {DESIGN}, {'all different' if different else 'drawn with replacement'}"
                ),
            ),
            "the law of random search",
            partial(_design, name=name, different=different),
            Mutant(
                "a design said to be twice as large",
                partial(_design, name=name, different=different, of_more=3 * DESIGN),
            ),
            optimizers=(name,),
            evidence=BOTH,
            kind="exact law",
        )
        for name, different in DESIGNS.items()
        if is_installed(name)
    ),
    *(
        Claim(
            f"complexity.fits-{_slug(name)}",
            r"T \text{ queries take } \lceil (T - n_0) / B \rceil \text{ fits of the model}",
            (Assumption(f"an initial design of {DESIGN}, batches of {batch}"),),
            "a model serves for a batch, and a batch is asked for at once",
            partial(_fits, name=name, batch=batch),
            Mutant("batches said to hold one more", partial(_fits, name=name, batch=batch, larger=1)),
            optimizers=(name,),
            evidence=BOTH,
            kind="exact law",
        )
        for name, batch in BATCHES.items()
        if is_installed(name)
    ),
)
"""Claims that hold for groups of optimizers."""
