"""The hybrid: a Gaussian process, evolution and exponentiated gradients on one archive, with adaptive operator selection.

At every query a scheduler selects the operator: the surrogate (best acquisition value of everything that can be scored), evolution
(offspring of the best evaluated architectures) or the relaxation (draws from a product distribution that descends along the gradient
of the surrogate's multilinear extension). Where the surrogate is on it picks from the candidates of any operator. By default it is
the only operator: evolution and the relaxation, on which the hybrid was founded, are not shown to help it on any family of tables
(docs/HYBRID.md). With a fixed probability the query is uniform instead: with probability `u` a query, `N` architectures and `K` of
them in a target, the target is missed for `t` queries after the start with a probability of at most `(1 - u K / N)^t`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf
from typing import Annotated

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.hybrid.batch_rules import BatchRuleName
from nasbench.hybrid.batches import Batch
from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.enumeration import enumerate_space
from nasbench.hybrid.exploration import PATIENCE
from nasbench.hybrid.gradients import ScoreFunctionGradient
from nasbench.hybrid.hyperparameters import ONE_OBJECTIVE, SEVERAL_OBJECTIVES
from nasbench.hybrid.kernel import Kernel
from nasbench.hybrid.parts import DEFAULT_PARTS, Parts
from nasbench.hybrid.relaxation import Relaxation
from nasbench.ranges import Probability, Range, Text, between, count
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.space import Architectures, Floats, Ints

SURROGATE, EVOLUTION, RELAXATION, UNIFORM = "surrogate", "evolution", "relaxation", "uniform"
ON_POLICY = 10
"""Draws of the relaxation that its score function averages over."""
BETA_DECAYING, BETA_CONSTANT, BETA_LARGE, BETA_MULTI_OBJECTIVE = 4.0, 3.0, 2.0, 1.0
"""Default `ucb_beta` with one objective, where it decays, where it does not, and where the space cannot be enumerated; and with several."""
BETA_DECAY_START = 14.0
"""Default `ucb_beta_decay_start` where it decays: tuned, as beta, on ImageNet16-120 of NAS-Bench-201 and perturbed copies of it. That expected
improvement takes over when nothing improves was decided on other tables (docs/HYBRID.md)."""
DECAY_STARTS = Range("a positive number, or inf for never", below=1e9, positive=True, endless=True)
QUANTITIES = Text("names of quantities that are known without training, joined by commas")
PRUNING_PROBABILITY = 0.01
"""Probability below which a choice is dropped."""


class Hybrid:
    """Evolution, exponentiated gradients and a Gaussian process on one archive (ours).

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        parts: its components.
        n_initial_samples: uniform architectures at the start, all different.
        epsilon: probability that a later query is uniform.
        use_surrogate: whether there is a Gaussian process.
        use_gradient: whether there is a relaxation; without a surrogate it follows the score function. None is no where there is a
            surrogate, which does as well alone (docs/HYBRID.md), but yes in progressive search, whose pruning follows the relaxation.
        use_evolution: whether there is evolution; None is as for the gradient.
        path_features: whether the kernel uses paths, bigrams of operations and counts of choices, where the space has paths, or has graphs and
            can be listed.
        merge_isomorphic: whether isomorphic architectures are one to the surrogate, and evaluated once (unless cheap objectives tell
            them apart).
        prior_mean: names of quantities that the benchmark knows without training (parameters, latency, a zero-cost score), joined by
            commas, for a linear prior mean of the surrogate; empty for none. See `nasbench.hybrid.prior_mean`.
        progressive: whether choices are pruned, and new architectures start at the lowest fidelity.
        ucb_beta: standard deviations below the mean of the surrogate's confidence bound; None is 1 with several objectives, with
            one 4 where it decays and 3 where it does not, and 2 where the space cannot be enumerated.
        ucb_beta_decay_start: number of observations t0 after which beta_t = beta * sqrt(t0 / t); where beta decays and there is one
            objective, expected improvement takes over while nothing improves (see `nasbench.hybrid.exploration`). None is 14 with one
            objective in a space that is small enough to enumerate, and inf elsewhere: a front, or a space of which a search sees little,
            stays worth exploring.
        hyperprior_sigma: standard deviation of the log-normal hyperprior; 0 keeps its medians, None is 0.5 with one objective and 1
            with several.
        kernel: "matern52" or "rbf"; applies where path features are used. None is "matern52" with one objective, "rbf" with several.
        n_candidates: candidates of evolution and of the relaxation for a query.
        n_incumbents: evaluated architectures whose neighbours the surrogate scores where the space cannot be enumerated: the best with
            one objective, some of the front with several.
        acquisition_ascent_steps: most steps of ascent by which the surrogate improves there on the best that it has scored.
        surrogate_probability: initial selection probability of the surrogate.
        min_operator_probability: smallest selection probability of an operator.
        scheduler_learning_rate: learning rate of adaptive pursuit; 0 keeps the initial operator probabilities.
        population_size: survivors of evolution.
        crossover_prob: probability of two parents.
        guided_mutation_prob: probability that a mutation draws from the relaxation.
        eg_learning_rate: step of the exponentiated gradient, for a gradient scaled to a largest deviation of one.
        theta_uniform_mix: weight of the uniform distribution in the relaxation.
        n_scalarizations: scalarizations that the relaxation follows where there are several objectives.
        batch_rule: what stands for results that are not there yet, when several architectures are trained at once; see
            `nasbench.hybrid.batch_rules`.

    Attributes:
        space: the search space.
        epochs: fidelities, ascending.
        history: the archive of the run, which all parts share.
        surrogate: None if off.
        relaxation: None if off.
        evolution: the population; it is kept also where evolution is no operator, since rewards are places in it.
        scheduler: selection probabilities of the operators.
        active_choices: choices that are not pruned.
        selection: the choice among candidates.
        batch_operators: the operator that proposed each architecture of the last batch.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        parts: Parts = DEFAULT_PARTS,
        *,
        n_initial_samples: Annotated[int, count(10_000, least=2), IntRange(2, 16, log=True)] = 4,
        epsilon: Probability = 0.01,
        use_surrogate: bool = True,
        use_gradient: bool | None = None,
        use_evolution: bool | None = None,
        path_features: bool = True,
        merge_isomorphic: bool = True,
        prior_mean: Annotated[str, QUANTITIES] = "",
        progressive: bool = False,
        ucb_beta: Annotated[float, between(0, 1_000), FloatRange(1.0, 5.0)] | None = None,
        ucb_beta_decay_start: Annotated[float, DECAY_STARTS, FloatRange(5.0, 100.0, log=True)] | None = None,
        hyperprior_sigma: Annotated[float, between(0, 10), FloatRange(0.2, 2.0)] | None = None,
        kernel: Kernel | None = None,
        n_candidates: Annotated[int, count(10_000)] = 64,
        n_incumbents: Annotated[int, count(1_000, least=0)] = 5,
        acquisition_ascent_steps: Annotated[int, count(1_000, least=0)] = 12,
        surrogate_probability: Annotated[Probability, FloatRange(0.5, 0.95)] = 0.8,
        min_operator_probability: Probability = 0.05,
        scheduler_learning_rate: Annotated[Probability, FloatRange(0.0, 0.2)] = 0.05,
        population_size: Annotated[int, count(10_000, least=2)] = 20,
        crossover_prob: Probability = 0.3,
        guided_mutation_prob: Probability = 0.5,
        eg_learning_rate: Annotated[float, between(0, 1_000), FloatRange(0.1, 4.0, log=True)] = 0.5,
        theta_uniform_mix: Probability = 0.1,
        n_scalarizations: Annotated[int, count(1_000)] = 8,
        batch_rule: BatchRuleName = "kriging_believer",
    ) -> None:
        self.space = problem.space
        self.epochs = problem.epochs
        several = len(problem.objectives) > 1
        # Isomorphic architectures may differ in what is known of them without training.
        merged = merge_isomorphic and not any(problem.cheap)
        self.history = History(self.space, len(problem.objectives), merge_isomorphic=merged)
        enumerated = enumerate_space(self.space, merged) is not None
        all_operators = progressive or not use_surrogate
        use_gradient = all_operators if use_gradient is None else use_gradient
        use_evolution = all_operators if use_evolution is None else use_evolution
        if not (use_surrogate or use_gradient or use_evolution):
            raise NasbenchError(
                "The hybrid has every operator switched off; leave one of use_surrogate, use_gradient, use_evolution on."
            )
        if surrogate_probability == 0 and use_surrogate and not (use_gradient or use_evolution):
            raise NasbenchError(
                "The surrogate is the hybrid's only operator and its surrogate_probability is 0; it should be above 0."
            )
        self._n_initial_samples = n_initial_samples
        self._epsilon = epsilon
        self._n_candidates = n_candidates
        self._n_incumbents = n_incumbents
        self._use_evolution = use_evolution
        self._progressive = progressive
        rungs = len(problem.epochs) if progressive else 1
        self._rng, evolution_rng, scheduler_rng, self._relaxation_rng = rng.spawn(4)
        self._make_rule = partial(parts.batch_rule, batch_rule, rng=self._relaxation_rng.spawn(1)[0])
        choices = support(self.space.cardinalities)
        self._scalarizations = _draw_scalarizations(len(problem.objectives), n_scalarizations, self._relaxation_rng)
        if ucb_beta_decay_start is None:
            ucb_beta_decay_start = BETA_DECAY_START if enumerated and not several else inf
        if ucb_beta is None:
            listed = BETA_CONSTANT if ucb_beta_decay_start == inf else BETA_DECAYING
            ucb_beta = BETA_MULTI_OBJECTIVE if several else listed if enumerated else BETA_LARGE
        names = tuple(name.strip() for name in prior_mean.split(",") if name.strip())
        if names or parts.known is not None:
            parts = parts.with_prior_mean(parts.known or problem.known(names))
        prior = SEVERAL_OBJECTIVES if several else ONE_OBJECTIVE
        prior = replace(
            prior,
            sigma=prior.sigma if hyperprior_sigma is None else hyperprior_sigma,
            kernel=prior.kernel if kernel is None else kernel,
        )
        self.surrogate = (
            parts.surrogate(
                problem,
                self.history,
                path_features=path_features,
                canonical=merge_isomorphic,
                rungs=rungs,
                ucb_beta=ucb_beta,
                ucb_beta_decay_start=ucb_beta_decay_start,
                prior=prior,
                score_transform=parts.score_transform,
                exploration=parts.exploration,
                acquisition=parts.acquisition,
                refit_growth=parts.refit_growth,
                kernel=parts.kernel,
                model=parts.model,
            )
            if use_surrogate
            else None
        )
        self.relaxation = (
            parts.relaxation(
                choices, len(self._scalarizations), learning_rate=eg_learning_rate, uniform_mix=theta_uniform_mix
            )
            if use_gradient
            else None
        )
        self.evolution = parts.evolution(
            self.history,
            evolution_rng,
            population_size=population_size,
            crossover_prob=crossover_prob,
            guided_mutation_prob=guided_mutation_prob,
        )
        rest = (1 - surrogate_probability) / max(1, use_gradient + use_evolution) if use_surrogate else 1.0
        operators = (
            (SURROGATE, use_surrogate, surrogate_probability),
            (EVOLUTION, use_evolution, rest),
            (RELAXATION, use_gradient, rest),
        )
        self.scheduler = parts.scheduler(
            {name: probability for name, on, probability in operators if on},
            scheduler_rng,
            min_probability=min_operator_probability,
            learning_rate=scheduler_learning_rate,
        )
        self.active_choices = parts.active_choices(
            choices,
            patience=PATIENCE,
            threshold=2 * theta_uniform_mix / choices.shape[1],
            min_probability=PRUNING_PROBABILITY,
        )
        self.selection = parts.selection(
            self.history,
            surrogate=self.surrogate,
            active_choices=self.active_choices,
            ladder=parts.fidelity_ladder(self.history, rungs),
            ascent_steps=acquisition_ascent_steps,
            n_incumbents=n_incumbents,
        )
        self._operator = UNIFORM
        self._operators: dict[bytes, str] = {}
        self.batch_operators: tuple[str, ...] = ()
        self._drawn: list[tuple[Architectures, float]] = []

    @property
    def operator(self) -> str:
        """Return the operator that proposed the last architecture: surrogate, evolution, relaxation or uniform."""
        return self._operator

    def ask(self) -> Architectures | tuple[Architectures, Ints]:
        """Propose one architecture, `(1, d)`, with its epochs where the ladder chooses; none when all have been evaluated."""
        return self.ask_many(1, np.empty((0, self.space.d), dtype=np.int8))

    def ask_many(self, count: int, pending: Architectures) -> Architectures | tuple[Architectures, Ints]:
        """Propose a batch, from one fit of the surrogate; see `nasbench.hybrid.batches`.

        Args:
            count: number of architectures; fewer are proposed where fewer are left.
            pending: architectures in training, `(P, d)`.

        Returns:
            `(B, d)`, no two of one isomorphism class and none pending; with epochs `(B,)` where the ladder chooses.
        """
        in_training = {architecture.tobytes() for architecture in pending}
        self._operators = {key: name for key, name in self._operators.items() if key in in_training}
        batch = Batch(self.selection, self.surrogate, self._make_rule if count > 1 or len(pending) else None, pending)
        names: list[str] = []
        while len(names) < count and self._propose(batch):
            names.append(self._operator)
        self.batch_operators = tuple(names)
        proposed = batch.pending[len(pending) :]
        architectures = np.array(proposed, dtype=np.int8).reshape(-1, self.space.d)
        if not self._progressive or len(self.epochs) == 1:
            return architectures
        return architectures, np.array([self.epochs[self.selection.rung(a)] for a in proposed], dtype=np.int64)

    def _propose(self, batch: Batch) -> bool:
        """Add one architecture to a batch; return whether there was one."""
        operator, architecture = UNIFORM, None
        if len(self.history) >= self._n_initial_samples and self._rng.random() >= self._epsilon:
            direction = (len(self.history) + len(batch.pending)) % len(self._scalarizations)
            batch.fit()
            if self.relaxation is not None:
                self._descend(self.relaxation, direction)
            operator = self.scheduler.select()
            architecture = self._apply(operator, direction, batch.selection)
        if architecture is None:
            operator, architecture = UNIFORM, batch.selection.uniform(self._rng)
        self._operator = operator
        if architecture is None:
            return False
        self._operators[architecture.tobytes()] = operator
        batch.add(architecture)
        return True

    def _descend(self, relaxation: Relaxation, direction: int) -> None:
        """Move the relaxation down the gradient; where the search is progressive, prune a choice that it has given up."""
        if self.surrogate is not None:
            scalarization = self._scalarizations[direction]
            relaxation.descend(self.surrogate.gradient_source(scalarization, self._relaxation_rng), direction)
            if self._progressive and self.surrogate.enumeration is not None:
                candidates = self.surrogate.enumeration.architectures
                posterior = self.surrogate.posterior(candidates)
                mean = posterior.mean @ scalarization
                deviation = np.sqrt(posterior.deviation**2 @ scalarization**2)
                if self.active_choices.shrink(relaxation.theta[direction], mean, deviation, candidates):
                    relaxation.restrict(self.active_choices.allowed)
        elif self._drawn:
            architectures, scores = map(np.array, zip(*self._drawn[-ON_POLICY:], strict=True))
            source = ScoreFunctionGradient(architectures, scores, baseline=float(scores.mean()))
            relaxation.descend(source, direction)

    def _apply(self, operator: str, direction: int, selection: CandidateSelection) -> Architectures | None:
        """Return the candidate that an operator has chosen, or None if it has none."""
        if operator == EVOLUTION:
            return selection.best(self._offspring(direction))
        if operator == RELAXATION:
            assert self.relaxation is not None
            return selection.best(self.relaxation.propose(self._n_candidates, direction, self._relaxation_rng))
        if selection.enumeration is not None:
            return selection.best_enumerated()
        # In a space that cannot be enumerated, the surrogate scores candidates of every operator, and climbs from there.
        pool = [self.space.sample(self._rng.random((self._n_candidates, self.space.d)))]
        if self._n_incumbents:
            pool.append(selection.neighbours_of_incumbents(self._rng))
        if self.relaxation is not None:
            pool.append(self.relaxation.propose(self._n_candidates, direction, self._relaxation_rng))
        if self._use_evolution:
            pool.append(self._offspring(direction))
        return selection.hill_climb(np.concatenate(pool))

    def _offspring(self, direction: int) -> Architectures:
        uniform = uniform_theta(self.active_choices.allowed)[0]
        theta = uniform if self.relaxation is None else self.relaxation.theta[direction]
        return self.evolution.propose(self._n_candidates, theta, uniform)

    def tell(self, observations: RunObservations) -> None:
        """Enter evaluations into the archive, and reward the operators that proposed them."""
        for architecture, objectives, epochs in zip(
            observations.architectures, observations.objectives, observations.epochs, strict=True
        ):
            rung = int(np.searchsorted(self.epochs, epochs)) if self._progressive else 0
            self.history.add(architecture[None], objectives[None], rung)
            self.selection.update(architecture)
            operator = self._operators.pop(architecture.tobytes(), UNIFORM)
            self._reward(architecture, self.evolution.update(), operator)

    def _reward(self, architecture: Architectures, place: int | None, operator: str) -> None:
        """Reward an operator by the place among the survivors that its architecture has taken."""
        reward = 0.0 if place is None else 1.0 - place / len(self.evolution.rows)
        self.scheduler.reward(operator, reward)
        if operator == RELAXATION:
            self._drawn.append((architecture, -reward))
        if (
            self._progressive
            and self.active_choices.record_outcome(improved=place == 0)
            and self.relaxation is not None
        ):
            self.relaxation.restrict(self.active_choices.allowed)


def _draw_scalarizations(objectives: int, number: int, rng: np.random.Generator) -> Floats:
    """Return weights over objectives, each row summing to one: `(1, 1)` for one objective, else `(number, M)` uniform on the simplex."""
    return np.ones((1, 1)) if objectives == 1 else rng.dirichlet(np.ones(objectives), size=number)


OPTIMIZER = PerRun(Hybrid, objectives="many")
