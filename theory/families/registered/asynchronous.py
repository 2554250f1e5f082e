"""ASHA and PASHA as registered: the rule of promotions, what asynchrony costs, and how far the rungs of PASHA open."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from nasbench.baselines.asha import Asha, PromotionRung
from nasbench.baselines.pasha import Pasha
from nasbench.search.optimizer import PerRun
from nasbench.spaces.space import Floats, Ints
from nasbench.theory.families.registered.halving import EPOCHS, ETA
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    equal_within,
)
from nasbench.theory.machinery.registered_runs import (
    Algorithm,
    RegisteredRuns,
    objective_of,
    observe,
    random_table,
    run,
    space_of,
    start,
)
from nasbench.theory.machinery.statistical_checks import means_at_most

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)


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


CLAIMS = (
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
)
"""Claims about asynchronous races."""
