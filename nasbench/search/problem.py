"""The search problem: answers validation queries and charges the ledger, without access to test scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import MissingDataError, NasbenchError
from nasbench.search.constraints import NO_LIMITS, KnownLimits, Limits, join
from nasbench.search.evaluator import Evaluator
from nasbench.search.known_quantities import KnownQuantities
from nasbench.search.ledger import IDLE, INFEASIBLE, KNOWN, Budget, Ledger
from nasbench.search.observations import PADDING, MultiFidelityBatch, Observations
from nasbench.search.proposals import Asker, as_architectures, as_epochs, refuse_infeasible
from nasbench.search.query_history import QueryHistory
from nasbench.search.random_streams import environment_keys
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.constrained import restrict
from nasbench.spaces.space import Architectures, Floats, Ints

ANYONE = Asker()


class Problem:
    """The view of a benchmark that an optimizer has, for `R` runs at once.

    Args:
        evaluator: what answers the queries: with the values of `SearchProtocol.evaluated`, in that order.
        protocol: the conventions of the search.
        seed: seed of the benchmark's randomness.
        runs: numbers of the runs.
        limits: the constraints of the protocol in terms of what the evaluator returns.

    Attributes:
        space: the search space, without the architectures that violate a constraint that is known beforehand.
        objectives: names of the objectives, all minimised.
        limits: the constraints, of which the measured ones are observed.
        cheap: for each objective whether `facts` provides it free of charge.
        epochs: fidelities, ascending; the default is the last.
        ledger: the accounts.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        protocol: SearchProtocol,
        seed: int,
        runs: tuple[int, ...],
        limits: Limits = NO_LIMITS,
    ) -> None:
        if limits.constraints != protocol.constraints:
            raise NasbenchError("The benchmark does not know constraints; leave them out, or search one of a table.")
        self.space = evaluator.space
        if limits.is_known.any():
            words = join(one for one, known in zip(limits.constraints, limits.is_known, strict=True) if known)
            self.space = restrict(evaluator.space, KnownLimits(evaluator, limits), words)
        self.objectives = protocol.objectives
        self.limits = limits
        self.cheap = evaluator.cheap[: len(protocol.objectives)]
        self.epochs = protocol.epochs
        self._evaluator = evaluator
        self._repeat_policy = protocol.repeat_policy
        self.ledger = Ledger(
            len(runs), protocol.budget, reachable=self._reachable(), free=protocol.repeat_policy != "retrain"
        )
        self._keys = environment_keys(seed, runs)
        self._levels = len(protocol.epochs)
        self._epochs = np.asarray(protocol.epochs)
        self._limits = self.space.cardinalities.astype(np.uint8)
        self._known: dict[tuple[str, ...], KnownQuantities] = {}
        self._owed = np.zeros(len(runs))
        self._history = QueryHistory(
            len(runs), evaluator, self._levels, functions=protocol.repeat_policy == "cache_isomorphic"
        )

    @property
    def runs(self) -> int:
        """Number of runs, `R`."""
        return len(self._keys)

    @property
    def budget(self) -> Budget:
        """Budget of a run."""
        return self.ledger.budget

    def _reachable(self) -> int:
        """Return the number of architectures that a run can evaluate; isomorphism classes where a class counts as one training."""
        functions = self._evaluator.functions if self._repeat_policy == "cache_isomorphic" else None
        if functions is None:
            return self.space.size
        if self.space is not self._evaluator.space:
            functions = functions[self._evaluator.row(self.space.all)]
        return len(np.unique(functions))

    def facts(self, architectures: Architectures) -> Floats:
        """Return exact values of the cheap objectives, free of charge: `(..., d)` to `(..., number of cheap)`."""
        return self._evaluator.facts(architectures)[..., : sum(self.cheap)]

    def known(self, names: tuple[str, ...]) -> KnownQuantities:
        """Return quantities that are known of every architecture without training, though they are no objectives of the search.

        Closed forms and measured costs are free. Where the benchmark states what it takes to compute a quantity, as for a zero-cost score,
        every run is charged for all architectures at once, in training seconds, with its next query.

        Raises:
            NasbenchError: if the benchmark does not know a quantity of that name without training.
        """
        if names not in self._known:
            find = getattr(self._evaluator, "known", None)
            if find is None:
                raise NasbenchError(
                    f"The benchmark knows no {names[0]} without training; leave it out, or compute it from the architecture yourself."
                )
            found = [find(name) for name in names]
            self._known[names] = KnownQuantities(names, tuple(one.values for one in found))
            self._owed += sum(one.seconds for one in found)
        return self._known[names]

    def query(self, batch: Architectures | MultiFidelityBatch, asker: Asker = ANYONE) -> Observations:
        """Answer a batch, run by run from left to right, until a run's budget ends.

        Args:
            batch: `(R, B, d)`, with or without fidelities; see `nasbench.search.observations.PADDING` for padding.
            asker: the optimizer, for errors.

        Raises:
            NasbenchError: if the shape or the type is wrong, an architecture is infeasible, or a fidelity is not offered.
            MissingDataError: if the benchmark holds no answer for an architecture.
        """
        given = batch.architectures if isinstance(batch, MultiFidelityBatch) else batch
        architectures = as_architectures(given, (self.runs,), self.space.d, asker)
        proposed = self._proposed(architectures, asker)
        if self.space.size < self.space.product_size:
            if not asker.repaired:
                refuse_infeasible(architectures[proposed], self.space, asker)
            # An infeasible combination is replaced by the nearest feasible architecture, which is evaluated and
            # observed.
            inside = self.space.repair(architectures[proposed])
            architectures = architectures.copy()
            architectures[proposed] = inside
        level = self._level(batch, proposed, asker)
        rows = self._rows(architectures, proposed)
        repetition, fresh, source = self._history.recall(rows, architectures, level, proposed)
        first = (repetition == 0) & proposed
        charged = {"retrain": proposed, "cache": first, "cache_isomorphic": fresh}[self._repeat_policy]
        # Evaluated before the budget is checked: finished runs were excluded, and the others are charged at least this
        # much.
        answerable = proposed & ~self.ledger.exhausted[:, None]
        evaluated, training_seed, seconds = self._answer(architectures, source, level, repetition, answerable)
        objectives = evaluated[..., : len(self.objectives)]
        epochs, charged_seconds = self._epochs[level], seconds * charged
        if self._owed.any():
            pays = answerable[:, 0]
            charged_seconds[pays, 0] += self._owed[pays]
            self._owed[pays] = 0.0
        amounts = {
            "queries": proposed,
            "unique_queries": first,
            "unique_isomorphic_queries": fresh,
            "epochs": epochs * charged,
            "train_seconds": charged_seconds,
            "wall_seconds": charged_seconds,
        }
        judged = self.limits.judge(objectives, self.limits.values(evaluated)) if self.limits else None
        if judged is not None:
            amounts[INFEASIBLE] = proposed & ~judged.feasible
        if self.ledger.watched:
            learnt = fresh if self._repeat_policy == "cache_isomorphic" else first
            amounts |= {KNOWN: learnt & (level == self._levels - 1), IDLE: proposed & self.ledger.idle(amounts)}
        answered = answerable & self.ledger.affordable(amounts)
        if not answered.all():
            amounts = {account: amount * answered for account, amount in amounts.items()}
            objectives[~answered] = np.nan
            first, fresh = first & answered, fresh & answered
        self.ledger.charge(amounts)
        observed = Observations(
            architectures, objectives, amounts["train_seconds"], epochs, training_seed, answered, first, fresh
        )
        return observed if judged is None else judged.added_to(observed)

    def judge(self, given: Observations) -> Observations:
        """Return evaluations that were made elsewhere as `query` would answer them under the constraints of the problem.

        Args:
            given: with the values of all measured constraints in `constraint_values`, `(R, B, K)`.
        """
        limits = self.limits
        if not limits:
            return given
        assert given.constraint_values is not None
        values = given.constraint_values.copy()
        if limits.is_known.any():
            known = KnownLimits(self._evaluator, limits)
            values[..., limits.is_known] = known.values(
                np.where(given.answered[..., None], given.architectures, self._stand_in)
            )
        return limits.judge(given.objectives, values).added_to(given)

    def training_key(self, architecture: Architectures) -> bytes:
        """Return what identifies the training that answers a query of `(d,)`: the architecture, or its canonical form where isomorphic
        ones share a training.
        """
        shared = self._repeat_policy == "cache_isomorphic"
        return bytes((self.space.canonical(architecture[None])[0] if shared else architecture).tobytes())

    def _answer(
        self, architectures: Architectures, source: Ints, level: Ints, repetition: Ints, wanted: NDArray[np.bool_]
    ) -> tuple[Floats, Ints, Floats]:
        """Return all that is evaluated, training seeds and seconds `(R, B, ...)` of the wanted queries; NaN, -1 and 0 elsewhere."""
        if self._repeat_policy != "retrain":
            repetition = np.zeros_like(repetition)
        keys = self._keys[:, None]
        if wanted.shape[1] != 1:  # one query a run needs no copy; none at all has no key
            keys = np.broadcast_to(keys, wanted.shape)
        everything = bool(wanted.all())
        chosen = (lambda a: a.reshape(-1, *a.shape[2:])) if everything else (lambda a: a[wanted])
        asked = chosen(source), chosen(architectures), chosen(level)
        values, seeds = self._evaluator.evaluate(*asked, chosen(keys), chosen(repetition))
        spent = self._evaluator.seconds(*asked)
        if everything:
            return (
                values.reshape(*wanted.shape, values.shape[-1]),
                seeds.reshape(wanted.shape),
                spent.reshape(wanted.shape),
            )
        objectives = np.full((*wanted.shape, values.shape[-1]), np.nan)
        training_seed = np.full(wanted.shape, -1, dtype=np.int64)
        seconds = np.zeros(wanted.shape)
        objectives[wanted], training_seed[wanted], seconds[wanted] = values, seeds, spent
        return objectives, training_seed, seconds

    def _proposed(self, architectures: Architectures, asker: Asker) -> NDArray[np.bool_]:
        """Return which rows are queries and which are padding, `(R, B)`."""
        # Read as unsigned, padding is large too, so that one comparison finds all exceptions.
        unusual = architectures.view(np.uint8) >= self._limits
        if not unusual.any():
            return np.ones(architectures.shape[:2], dtype=bool)
        proposed = architectures[..., 0] != PADDING
        if unusual[proposed].any() or (architectures[~proposed] != PADDING).any():
            raise NasbenchError(
                f"{asker.name} proposed a choice outside space {self.space.name!r}; choices run from 0 to k - 1."
            )
        return proposed

    def _rows(self, architectures: Architectures, proposed: NDArray[np.bool_]) -> Ints:
        if not proposed.all():
            architectures = np.where(proposed[..., None], architectures, self._stand_in)
        rows = self._evaluator.row(architectures)
        if rows.size and rows.min() < 0:
            fault = architectures[np.unravel_index(int(rows.argmin()), rows.shape)]
            raise MissingDataError(
                f"The benchmark holds nothing on {self.space.to_string(fault)}; propose feasible architectures only."
            )
        return rows

    @property
    def _stand_in(self) -> Architectures:
        """Any available architecture, as a placeholder for padding."""
        return self.space.sample(np.zeros(self.space.d))

    def _level(self, batch: Architectures | MultiFidelityBatch, proposed: NDArray[np.bool_], asker: Asker) -> Ints:
        if not isinstance(batch, MultiFidelityBatch):
            return np.full(proposed.shape, self._levels - 1)
        epochs = as_epochs(batch.epochs, proposed.shape, asker)
        level = np.searchsorted(self.epochs, epochs)
        level = np.minimum(level, self._levels - 1)
        if (self._epochs[level] != epochs)[proposed].any():
            raise NasbenchError(
                f"{asker.name} asks for a fidelity that is not offered; epochs are {', '.join(map(str, self.epochs))}."
            )
        return level
