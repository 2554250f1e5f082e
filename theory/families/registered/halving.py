"""Searches with several fidelities as registered: brackets, promotions, what they find, and what asynchrony costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binom

from nasbench.baselines import dehb
from nasbench.baselines.asha import Asha, PromotionRung
from nasbench.baselines.bohb import Bohb
from nasbench.baselines.dehb import Dehb, Subpopulation
from nasbench.baselines.hyperband import Hyperband
from nasbench.baselines.pasha import Pasha
from nasbench.baselines.successive_halving import Bracket, Rung, SuccessiveHalving
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Floats, Ints
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    ClaimKind,
    Context,
    Evidence,
    Mutant,
    Verdict,
    by_p_value,
    equal_within,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import (
    Algorithm,
    Objective,
    RegisteredRuns,
    objective_of,
    observe,
    random_table,
    run,
    space_of,
    start,
)
from nasbench.theory.machinery.statistical_checks import law_equals, mean_equals, means_at_most
from nasbench.theory.machinery.testbed import make_space

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
EPOCHS = (1, 3, 9, 27, 81)
ETA = 3
RACES = {"successive_halving": SuccessiveHalving, "hyperband": Hyperband, "bohb": Bohb}
SYNCHRONOUS = Assumption("one worker; eta = 3 and 1, 3, 9, 27, 81 epochs")
JAMIESON = "Jamieson and Talwalkar 2016, algorithm 1"
LI = "Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018, algorithm 1"
FALKNER = "Falkner, Klein and Hutter 2018; sizes of HpBandSter"
SOURCES = {"successive_halving": JAMIESON, "hyperband": LI, "bohb": FALKNER}


def stated_bracket(name: str, number: int) -> list[tuple[int, int]]:
    """Return epochs and size of each rung of a bracket with `EPOCHS`: n = eta^4, ceil(5 eta^s / (s + 1)) or floor(5 / (s + 1)) eta^s."""
    most = len(EPOCHS) - 1
    halvings = most if name == "successive_halving" else most - number % (most + 1)
    size = {
        "successive_halving": ETA**most,
        "hyperband": math.ceil((most + 1) * ETA**halvings / (halvings + 1)),
        "bohb": (most + 1) // (halvings + 1) * ETA**halvings,
    }[name]
    return [(EPOCHS[most - halvings + i], max(size // ETA**i, 1)) for i in range(halvings + 1)]


def of_two_tables(cheap: Landscape, full: Landscape, longest: int) -> Objective:
    """Return the objective that is the rank in one table below the longest training, and in another one at it."""
    low, high = objective_of(cheap), objective_of(full)
    return lambda a, epochs: np.where((epochs == longest)[:, None], high(a, epochs), low(a, epochs))


def _raced(
    context: Context, name: str, algorithm: Algorithm, consistent: bool, queries: int, runs: int = 1
) -> tuple[RegisteredRuns, Landscape]:
    """Return runs on one random table, or on a table of its own for the longest training."""
    rng = context.rng(f"halving.{name}")
    full = random_table(rng, 4, 4)
    cheap = full if consistent else random_table(rng, 4, 4)
    optimizer = start(algorithm, space_of(full), runs, int(rng.integers(2**31)), epochs=EPOCHS)
    return run(optimizer, of_two_tables(cheap, full, EPOCHS[-1]), queries), full


class OneMore:
    """What makes a search keep one more on every rung but the first."""

    def _next_rungs(self) -> tuple[Rung, ...]:
        first, *others = super()._next_rungs()  # type: ignore[misc]
        return first, *(Rung(rung.epochs, min(rung.size + 1, first.size)) for rung in others)


def _one_more(name: str) -> PerRun:
    return PerRun(type("OneMoreSurvivor", (OneMore, RACES[name]), {}), fidelities=True)


def _brackets(context: Context, name: str, algorithm: Algorithm | None = None) -> Verdict:
    """Count queries whose epochs are not those of the stated brackets, over two rounds."""
    stated = [epochs for number in range(10) for epochs, size in stated_bracket(name, number) for _ in range(size)]
    seen, _ = _raced(context, name, algorithm or name, False, len(stated))
    wrong = int((seen.epochs[0] != stated).sum())
    cost = sum(epochs * size for epochs, size in stated_bracket(name, 0))
    note = f"queries at other epochs than stated, of {len(stated)}; the first bracket takes {cost} epochs, at most 5 x 81 = 405"
    return equal_within(wrong + (cost > 405), 0, 0, len(stated), note=note)


def _promotions(context: Context, name: str, algorithm: Algorithm | None = None) -> Verdict:
    """Count promoted architectures that were not among the best of their rung, over one round of brackets."""
    stated = [stated_bracket(name, number) for number in range(5)]
    queries = sum(size for bracket in stated for _, size in bracket)
    seen, _ = _raced(context, name, algorithm or name, False, queries)
    architectures, errors = seen.architectures[0], seen.objectives[0, :, 0]
    wrong, at, promoted = 0, 0, 0
    for bracket in stated:
        for (_, size), (_, above) in itertools.pairwise(bracket):
            best = np.argsort(errors[at : at + size], kind="stable")[:above]
            expected = sorted(a.tobytes() for a in architectures[at : at + size][best])
            found = sorted(a.tobytes() for a in architectures[at + size : at + size + above])
            wrong += sum(a != b for a, b in zip(expected, found, strict=True))
            promoted, at = promoted + above, at + size
        at += bracket[-1][1]
    return equal_within(wrong, 0, 0, promoted, note=f"wrong promotions, of {promoted}")


class WorstGoesUp(Bracket):
    """A bracket that promotes the worst."""

    def record(self, architectures: Any, errors: Floats) -> None:
        """Enter the negative of the errors."""
        super().record(architectures, -errors)


def _found(context: Context, name: str, brackets: int, algorithm: Algorithm | None = None) -> Verdict:
    """Compare the rank of the best after some brackets with that of the best of uniform draws: no bracket loses its best."""
    stated = [stated_bracket(name, number) for number in range(brackets)]
    drawn = sum(bracket[0][1] for bracket in stated)
    queries = sum(size for bracket in stated for _, size in bracket)
    seen, table = _raced(context, f"{name}.found", algorithm or name, True, queries, runs=400)
    longest = np.where(seen.epochs == EPOCHS[-1], seen.objectives[..., 0], np.inf)
    cdf = 1 - (1 - np.arange(1, table.size + 1) / table.size) ** drawn
    return law_equals(
        longest.min(axis=1), cdf, note=f"rank of the best of {drawn} draws at 81 epochs, {brackets} brackets"
    )


def survival_probability(cheap: Landscape, full: Landscape, drawn: int, kept: int) -> float:
    """Return P(the best of uniform draws, with replacement, is among those kept by their rank in a cheap table).

    Given that an architecture c is the best, drawn j times, each other draw is uniform over those worse than c; it comes before c in the
    cheap table with a probability that is a count of pairs of ranks.
    """
    size = full.size
    low, high = cheap.rank, full.rank
    probability = 0.0
    before = np.zeros(size)
    by_high = np.argsort(-high)  # worst first
    seen = np.zeros(size, dtype=np.int64)  # whether a rank of the cheap table belongs to one that is worse
    block = 256
    counts = np.zeros(-(-size // block), dtype=np.int64)
    for c in by_high.tolist():
        r = int(low[c])
        before[c] = counts[: r // block].sum() + seen[r // block * block : r].sum()
        seen[r] += 1
        counts[r // block] += 1
    worse = size - 1 - high
    for copies in range(1, drawn + 1):
        others = drawn - copies
        with np.errstate(invalid="ignore", divide="ignore"):
            ahead = np.where(worse > 0, before / worse, 0.0)
        alive = binom.cdf(kept - 1, others, ahead) if others else np.ones(size)
        weight = math.comb(drawn, copies) * (worse / size) ** others * (1.0 / size) ** copies
        probability += float((weight * alive).sum())
        if copies > 8:
            break
    return probability


def _survives(context: Context, algorithm: Algorithm = "successive_halving") -> Verdict:
    """Run brackets of 27 cells at 12 epochs, of which 3 go on to 200, on the ranks of CIFAR-10."""
    cheap, full = context.landscape("cifar10", 12), context.landscape("cifar10", 200)
    runs = 3_000
    seed = int(context.rng("halving.survival").integers(2**31))
    optimizer = start(algorithm, make_space(6, 5), runs, seed, epochs=(12, 200), n_configurations=27)
    seen = run(optimizer, of_two_tables(cheap, full, 200), 31)
    rank = full.rank[seen.architectures.astype(np.int64) @ full.strides]
    promoted = np.where(seen.epochs == 200, rank, full.size)
    survived = promoted.min(axis=1) <= rank[:, :27].min(axis=1)
    stated = survival_probability(cheap, full, 27, 3)
    note = "share of brackets whose best of 27 at 200 epochs is among the best 3 at 12"
    return mean_equals(survived, stated, stated * (1 - stated), note=note)


def _rule(context: Context, algorithm: Algorithm = "asha") -> Verdict:
    """Count proposals of ASHA that are not what its rule gives for what was told before."""
    rng = context.rng("halving.rule")
    tables = {epochs: random_table(rng, 4, 4) for epochs in EPOCHS}
    optimizer = start(algorithm, space_of(tables[1]), 1, int(rng.integers(2**31)), epochs=EPOCHS)

    def objective(a: Any, epochs: Ints) -> Floats:
        return np.array([objective_of(tables[int(e)])(one[None], e)[0] for one, e in zip(a, epochs, strict=True)])

    rounds, workers = 45, 9
    rungs: list[dict[bytes, float]] = [{} for _ in EPOCHS]
    gone_up: list[set[bytes]] = [set() for _ in EPOCHS]
    wrong = 0
    for _ in range(rounds):
        batches = []
        for _ in range(workers):
            expected = None
            for level in range(len(EPOCHS) - 2, -1, -1):
                best = sorted(rungs[level], key=rungs[level].__getitem__)[: len(rungs[level]) // ETA]
                waiting = [key for key in best if key not in gone_up[level]]
                if waiting:
                    expected = waiting[0], EPOCHS[level + 1]
                    gone_up[level].add(waiting[0])
                    break
            batch: Any = optimizer.ask()
            asked = batch.architectures[0, 0].tobytes(), int(batch.epochs[0, 0])
            wrong += asked[1] != EPOCHS[0] if expected is None else asked != expected
            batches.append(batch)
        for batch in batches:
            observations = observe(batch, objective)
            optimizer.tell(observations)
            rung = rungs[EPOCHS.index(int(batch.epochs[0, 0]))]
            rung.setdefault(batch.architectures[0, 0].tobytes(), float(observations.objectives[0, 0, 0]))
    queries = rounds * workers
    return equal_within(wrong, 0, 0, queries, note=f"proposals other than those of the rule, of {queries}")


class LowestFirst(Asha):
    """A mutant that looks for promotions from the lowest rung up."""

    def ask(self) -> tuple[Any, Ints]:
        """Propose the first promotion from below."""
        for rung, above in zip(self._rungs[:-1], self._rungs[1:], strict=True):
            while (promoted := rung.promote()) is not None:
                if promoted not in above.errors:
                    return np.frombuffer(promoted, dtype=np.int8)[None], np.array([above.epochs])
        return super().ask()


class Lenient(Asha):
    """A mutant that promotes one in two of a rung for eta = 3."""

    def __init__(self, problem: Any, rng: np.random.Generator, *, eta: float = 3.0) -> None:
        super().__init__(problem, rng, eta=eta)
        self._rungs = [PromotionRung(rung.epochs, 2.0) for rung in self._rungs]


def _wrong_promotions(context: Context, algorithm: Algorithm = "asha") -> Verdict:
    """Test the mean number of promotions that the final ranking would not have made, at several n, with two fidelities."""
    sizes, runs = np.array([60, 120, 240, 360]), 36
    rng = context.rng("halving.wrong")
    table = random_table(rng, 6, 4)
    optimizer = start(algorithm, space_of(table), runs, int(rng.integers(2**31)), epochs=(1, 3))
    seen = run(optimizer, objective_of(table), 500)
    wrong = np.empty((runs, len(sizes)))
    for r in range(runs):
        first = seen.epochs[r] == 1
        number = np.cumsum(first)
        for j, size in enumerate(sizes):
            end = int(np.searchsorted(number, size)) + 1
            ranks = seen.objectives[r, :end, 0]
            below, above = np.unique(ranks[first[:end]]), ranks[~first[:end]]
            wrong[r, j] = (above > below[len(below) // ETA - 1]).sum()
    means = ", ".join(f"{mean:.1f}" for mean in wrong.mean(axis=0))
    note = f"means {means} at n = {', '.join(map(str, sizes))}; the nearest to its bound"
    return means_at_most(list(wrong.T), np.sqrt(sizes).tolist(), note=note)


def _pasha_pair(
    context: Context, consistent: bool, epochs: tuple[int, ...], queries: int, pasha: Algorithm
) -> tuple[RegisteredRuns, RegisteredRuns]:
    rng = context.rng(f"halving.pasha.{consistent}")
    table = random_table(rng, 4, 4)
    others = [table if consistent else random_table(rng, 4, 4) for _ in epochs]
    by_epochs = dict(zip(epochs, others, strict=True))

    def objective(a: Any, at: Ints) -> Floats:
        return np.array([objective_of(by_epochs[int(e)])(one[None], e)[0] for one, e in zip(a, at, strict=True)])

    seed = int(rng.integers(2**31))
    first, second = (
        run(start(name, space_of(table), 1, seed, epochs=epochs), objective, queries) for name in (pasha, "asha")
    )
    return first, second


def _pasha_settles(context: Context, algorithm: Algorithm = "pasha") -> Verdict:
    ours, _ = _pasha_pair(context, True, EPOCHS, 250, algorithm)
    return equal_within(int(ours.epochs.max()), EPOCHS[1], 0, 250, note="longest training, where rankings agree")


def _pasha_is_asha(context: Context, algorithm: Algorithm = "pasha") -> Verdict:
    ours, theirs = _pasha_pair(context, False, (1, 3), 250, algorithm)
    different = int(((ours.architectures != theirs.architectures).any(axis=-1) | (ours.epochs != theirs.epochs)).sum())
    return equal_within(different, 0, 0, 250, note="proposals in which PASHA and ASHA differ, two rungs")


def _pasha_is_no_later(context: Context, algorithm: Algorithm = "pasha") -> Verdict:
    """Add up by how much the longest training of PASHA so far exceeds that of ASHA, over queries, on rankings that disagree."""
    ours, theirs = _pasha_pair(context, False, EPOCHS, 250, algorithm)
    longest = [np.maximum.accumulate(seen.epochs[0]) for seen in (ours, theirs)]
    excess = int(np.maximum(longest[0] - longest[1], 0).sum())
    return equal_within(excess, 0, 0, 250, note=f"excess of epochs; both reach {longest[0][-1]} and {longest[1][-1]}")


class Impatient(Pasha):
    """A mutant that opens all rungs at once, the highest first."""

    def __init__(self, problem: Any, rng: np.random.Generator, *, eta: float = 3.0) -> None:
        super().__init__(problem, rng, eta=eta)
        self._rungs = [self._rungs[0], *self._rungs[:0:-1]]
        self._n_open = len(self._rungs)


class Alternating(Pasha):
    """A mutant that proposes a new architecture at every second query."""

    asked = 0

    def ask(self) -> tuple[Any, Ints]:
        """Propose a new one, or what PASHA would."""
        self.asked += 1
        if self.asked % 2:
            return self._space.sample(self._rng.random((1, self._space.d))), np.array([self._rungs[0].epochs])
        return super().ask()


def _crossover(context: Context, prob: float = 0.5) -> Verdict:
    """Test the law of the number of coordinates that a child of DEHB has from the mutant."""
    rng, size, trials = context.rng("halving.crossover"), 5, 20_000
    target, mutant = np.zeros(size), np.ones(size)
    taken = np.array([dehb.crossover(target, mutant, prob, rng).sum() for _ in range(trials)]).astype(int)
    law = binom.pmf(np.arange(size + 1), size, 0.5)
    law[1], law[0] = law[1] + law[0], 0.0
    counts = np.bincount(taken, minlength=size + 1)
    p_value = 0.0 if counts[0] else chi_square_p_value(counts[1:], law[1:])
    return by_p_value(
        p_value, counts[1] / trials, law[1], trials, note="share of children with one coordinate of the mutant"
    )


def _mutant_variance(context: Context, factor: float = 1.0) -> Verdict:
    """Compare the variance of rand/1 mutants over all ordered triples of a pool with its closed form."""
    from itertools import permutations

    pool, f = context.rng("halving.mutant").random((7, 1)), 0.5
    mutants = np.array([dehb.mutate_rand_1(pool[list(chosen)], factor * f) for chosen in permutations(range(7), 3)])
    stated = float(pool.var()) * (1 + 2 * f**2 * (1 + 1 / 6))
    return equal_within(float(mutants.var()), stated, 1e-12, len(mutants), note="variance over ordered triples of 7")


class WatchFitness:
    """What shows the errors of the populations of DEHB."""

    _populations: dict[int, Subpopulation]

    @property
    def fitness(self) -> dict[int, Floats]:
        """Errors of the members by epochs."""
        return {epochs: population.fitness.copy() for epochs, population in self._populations.items()}


class EveryChallengerWins(Dehb):
    """A mutant whose members are replaced by every challenger."""

    def tell(self, observations: RunObservations) -> None:
        """Let the challenger win."""
        for population in self._populations.values():
            population.fitness[:] = np.where(np.isfinite(population.fitness), 1e9, np.inf)
        super().tell(observations)


def _elitist(context: Context, algorithm: type[Dehb] | None = None) -> Verdict:
    """Count, over queries, fidelities whose best member is not the best that was observed, or at which some member has become worse."""
    kind: Any = algorithm or get_optimizer("dehb").algorithm
    rng = context.rng("halving.dehb")
    tables = {epochs: random_table(rng, 4, 4) for epochs in EPOCHS}
    spec = PerRun(type("WatchedDehb", (WatchFitness, kind), {}), fidelities=True)
    optimizer: Any = start(spec, space_of(tables[1]), 1, int(rng.integers(2**31)), epochs=EPOCHS)
    best = dict.fromkeys(EPOCHS, np.inf)
    wrong, before = 0, optimizer.members[0].fitness
    for _ in range(400):
        batch = optimizer.ask()
        epochs = int(batch.epochs[0, 0])
        seen = run_one(optimizer, batch, objective_of(tables[epochs]))
        best[epochs] = min(best[epochs], seen)
        now = optimizer.members[0].fitness
        wrong += sum(now[e].min() != best[e] or (now[e] > before[e]).any() for e in EPOCHS)
        before = now
    return equal_within(
        wrong, 0, 0, 400, note="populations that lost their best or let a member get worse, 400 queries"
    )


def run_one(optimizer: Any, batch: Any, objective: Objective) -> float:
    """Answer one batch of one query; return its error."""
    observations = observe(batch, objective)
    optimizer.tell(observations)
    return float(observations.objectives[0, 0, 0])


def _of_each(stem: str, kind: ClaimKind, statement: str, check: Callable[..., Verdict]) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            f"{stem}-{name.replace('_', '-')}",
            statement,
            (SYNCHRONOUS,),
            SOURCES[name],
            partial(check, name=name),
            Mutant("one more on every rung but the first", partial(check, name=name, algorithm=_one_more(name))),
            optimizers=(name,),
            evidence=BOTH,
            kind=kind,
        )
        for name in RACES
    )


class HalvesTheBest(OneMore):
    """What makes a search promote the worst of every rung."""

    def _next_rungs(self) -> tuple[Rung, ...]:
        return super(OneMore, self)._next_rungs()  # type: ignore[misc,no-any-return]

    def tell(self, observations: RunObservations) -> None:
        """Turn the errors below the longest training around."""
        from dataclasses import replace

        turned = np.where((observations.epochs == EPOCHS[-1])[:, None], 1, -1) * observations.objectives
        super().tell(replace(observations, objectives=turned))  # type: ignore[misc]


def _worst_first(name: str) -> PerRun:
    return PerRun(type("WorstFirst", (HalvesTheBest, RACES[name]), {}), fidelities=True)


CLAIMS = (
    *_of_each(
        "complexity.epochs",
        "exact law",
        r"\text{a bracket trains } \max(\lfloor n \eta^{-i} \rfloor, 1) \text{ architectures for } R \eta^{i-s} \text{ epochs, } i = 0, \dots, s",
        _brackets,
    ),
    *_of_each(
        "halving.promotions",
        "software check",
        r"\text{rung } i + 1 \text{ holds the } n_{i+1} \text{ best of rung } i",
        _promotions,
    ),
    *(
        Claim(
            f"halving.consistent-{name.replace('_', '-')}",
            r"\text{equal rankings at all fidelities} \Rightarrow P(\text{best rank} > r) = (1 - (r+1)/N)^n, \ n \text{ drawn}",
            (SYNCHRONOUS, Assumption("no model yet" if name == "bohb" else "uniform draws")),
            f"{SOURCES[name]}; a race loses its best only where rankings differ",
            partial(_found, name=name, brackets=1 if name == "bohb" else 2),
            Mutant("the worst go up", partial(_found, name=name, brackets=1, algorithm=_worst_first(name))),
            optimizers=(name,),
            evidence=BOTH,
            kind="exact law",
        )
        for name in ("successive_halving", "hyperband")
    ),
    Claim(
        "halving.survival-cifar10",
        r"P(\text{best of } n \text{ is promoted}) = \sum_c \sum_j \binom{n}{j} N^{-j} \Bigl(\tfrac{w_c}{N}\Bigr)^{n-j} "
        r"P\bigl(\mathrm{Bin}(n - j, b_c / w_c) < m\bigr)",
        (Assumption("27 uniform draws with replacement at 12 epochs, 3 at 200; CIFAR-10, ranks in place of errors"),),
        f"{JAMIESON}; derived here from the two rankings: w worse cells at 200 epochs, b of these better at 12",
        _survives,
        Mutant("4 go on in place of 3", partial(_survives, algorithm=_one_more("successive_halving"))),
        optimizers=("successive_halving",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "halving.asha-rule",
        r"\text{the best of the top } \lfloor n_k / \eta \rfloor \text{ not yet promoted, from the highest rung } k \text{ that has one, else a new one}",
        (Assumption("nine workers; eta = 3, five fidelities whose rankings are independent"),),
        "Li et al. 2020 (ASHA), algorithm 2",
        _rule,
        Mutant("promotions from the lowest rung first", partial(_rule, algorithm=PerRun(LowestFirst, fidelities=True))),
        optimizers=("asha",),
        evidence=SHIPPED,
        kind="software check",
    ),
    Claim(
        "halving.asha-wrong-promotions",
        r"E[\text{wrong promotions among } n] \le \sqrt n",
        (Assumption("independent draws; wrong: not among the best n / eta of the n at the end; n up to 360"),),
        "Li et al. 2020 (ASHA), section on algorithm discussion, by the law of the empirical quantile (number unchecked)",
        _wrong_promotions,
        Mutant("one in two is promoted", partial(_wrong_promotions, algorithm=PerRun(Lenient, fidelities=True))),
        optimizers=("asha",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "halving.pasha-settles",
        r"\text{equal rankings at all fidelities} \Rightarrow \text{no training longer than } r_1",
        (Assumption("one worker; eta = 3, five fidelities"),),
        "Bohdal et al. 2023 (PASHA), algorithm 1",
        _pasha_settles,
        Mutant("ASHA", partial(_pasha_settles, algorithm="asha")),
        optimizers=("pasha",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "halving.pasha-with-two-rungs",
        r"\text{two fidelities: PASHA proposes what ASHA proposes}",
        (Assumption("one worker, equal random numbers"),),
        "Bohdal et al. 2023 (PASHA), algorithm 1: it begins with two rungs",
        _pasha_is_asha,
        Mutant(
            "every second query is a new one", partial(_pasha_is_asha, algorithm=PerRun(Alternating, fidelities=True))
        ),
        optimizers=("pasha", "asha"),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "halving.pasha-no-later",
        r"\max_{s \le t} r_s^{\text{PASHA}} \le \max_{s \le t} r_s^{\text{ASHA}}",
        (Assumption("one worker, equal random numbers, five fidelities whose rankings are independent"),),
        "Bohdal et al. 2023 (PASHA): rungs above the open ones are closed to it",
        _pasha_is_no_later,
        Mutant(
            "the highest rung opens first", partial(_pasha_is_no_later, algorithm=PerRun(Impatient, fidelities=True))
        ),
        optimizers=("pasha", "asha"),
        evidence=SHIPPED,
        kind="software check",
    ),
    Claim(
        "halving.dehb-crossover-law",
        r"P(j \text{ coordinates of the mutant}) = \binom{d}{j} p^j (1-p)^{d-j} + [j = 1] (1-p)^d, \ j \ge 1",
        (Assumption("d = 5, p = 1/2"),),
        "binomial crossover, Storn and Price 1997, in the form of automl/DEHB: one coordinate where there would be none",
        _crossover,
        Mutant.by_factor("a crossover probability of {factor:g} / 2", lambda c, f: _crossover(c, prob=0.5 * f), 1.1),
        optimizers=("dehb",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "halving.dehb-mutant-variance",
        r"\mathrm{Var}[x_1 + F (x_2 - x_3)] = \sigma^2 \Bigl(1 + 2 F^2 \frac{n}{n - 1}\Bigr)",
        (Assumption("three different members of a pool of n, in random order"),),
        "Zaharie 2002, variance of rand/1 mutants (number unchecked); without replacement, derived here",
        _mutant_variance,
        Mutant.by_factor("F times {factor:g}", lambda c, f: _mutant_variance(c, factor=f), 1.1),
        optimizers=("dehb",),
        evidence=(Evidence.EXACT,),
        kind="exact law",
    ),
    Claim(
        "halving.dehb-elitist",
        r"\min_i f(x_i^{(r)}) = \min \{\text{errors observed at } r \text{ epochs}\}, \ f(x_i^{(r)}) \text{ never rises}",
        (Assumption("five fidelities whose rankings are independent"),),
        "Awad, Mallik and Hutter 2021: a member is replaced by a challenger that is no worse",
        _elitist,
        Mutant("every challenger wins", partial(_elitist, algorithm=EveryChallengerWins)),
        optimizers=("dehb",),
        evidence=SHIPPED,
        kind="theorem",
    ),
)
"""Claims about races."""
