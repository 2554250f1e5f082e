"""REINFORCE, ASNG and the quantum-inspired algorithm as registered: unbiased gradients, steps, laws and tails."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from nasbench.baselines.asng import Asng
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Floats, Ints
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    by_p_value,
    equal_within,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import Algorithm, repeat, run, start
from nasbench.theory.machinery.statistical_checks import tail_at_most
from nasbench.theory.machinery.testbed import make_space, trap

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
SPACE = make_space(2, 3)
ALL = SPACE.all
ONE_HOT = (ALL[..., None] == np.arange(3)).astype(float)


class Recorder:
    """What takes the place of Adam: it keeps the last gradient and moves nothing."""

    last: Floats

    def step(self, parameters: list[Floats], gradients: list[Floats], moving: Any = None) -> None:
        """Keep the gradient."""
        self.last = gradients[0].copy()


class RecordedReinforce:
    """What shows the gradients of REINFORCE instead of following them."""

    def __init__(self, problem: Any, streams: Any, **settings: Any) -> None:
        super().__init__(problem, streams, **settings)  # type: ignore[call-arg]
        self._adam = Recorder()

    @property
    def gradient(self) -> Floats:
        """The last estimate of the gradient of the mean reward in the logits, `(R, d, k)`."""
        return -self._adam.last


class RecordedAsng:
    """What shows the gradients of ASNG."""

    gradients: Floats | None = None

    def _move(self, rows: Ints, gradient: Floats) -> None:
        self.gradients = np.zeros(self.theta.shape)  # type: ignore[attr-defined]
        self.gradients[rows] = gradient
        super()._move(rows, gradient)  # type: ignore[misc]


def recorded(mixin: type, algorithm: type | None, name: str) -> Lockstep:
    """Return a registered algorithm, or a variant, that shows its gradients."""
    kind: Any = algorithm or get_optimizer(name).algorithm
    return Lockstep(type("Recorded", (mixin, kind), {}))


def probabilities(theta: Floats) -> Floats:
    """Return the probability of every architecture under one policy, `(d, k)` to `(N,)`."""
    return np.asarray(theta[np.arange(SPACE.d), ALL].prod(axis=1))


def conditional_gain(theta: Floats, value: Floats) -> Floats:
    """Return `theta (E[value | choice] - E[value])`: the gradient of the mean in the logits, and the natural one, `(d, k)`."""
    p = probabilities(theta)
    mass = (p[:, None, None] * ONE_HOT).sum(axis=0)
    given = (p[:, None, None] * ONE_HOT * value[:, None, None]).sum(axis=0) / mass
    return theta * (given - p @ value)


def _reinforce(context: Context, algorithm: type | None = None, shrunk: bool = True) -> Verdict:
    """Average the estimates over the policy exactly, after three rewards, and compare with the gradient."""
    rng, momentum, before = context.rng("policies.reinforce"), 0.9, 3
    errors, seed = rng.random(len(ALL)), int(rng.integers(2**31))
    spec = recorded(RecordedReinforce, algorithm, "reinforce")
    mean, theta = np.zeros((SPACE.d, 3)), np.empty(0)
    for number, architecture in enumerate(ALL):
        optimizer: Any = start(spec, SPACE, 1, seed, initial_scale=0.7, momentum=momentum)
        theta = optimizer.theta[0]
        for told in range(before):
            optimizer.tell(repeat(ALL[told][None], errors[told][None, None], None, 1))
        optimizer.tell(repeat(architecture[None], errors[number][None, None], None, 1))
        mean += probabilities(theta)[number] * optimizer.gradient[0]
    weight = momentum * (1 - momentum**before)
    factor = weight / (weight + 1 - momentum) if shrunk else 1.0
    stated = factor * conditional_gain(theta, -errors)
    worst = float(np.abs(mean - stated).max())
    note = f"greatest difference of E[estimate] and {factor:.3f} times the gradient of largest entry {np.abs(stated).max():.3f}"
    return equal_within(worst, 0.0, 1e-12, len(ALL), note=note)


def _asng(context: Context, algorithm: type | None = None, stale: bool = False) -> Verdict:
    """Average the estimates over all pairs exactly, after a step of other samples, and compare with the gradient."""
    rng = context.rng("policies.asng")
    errors = rng.permutation(len(ALL)).astype(float)
    first, second = np.divmod(np.arange(len(ALL) ** 2), len(ALL))
    optimizer: Any = start(
        recorded(RecordedAsng, algorithm, "asng"), make_space(2, 3), len(first), 0, initial_step_size=0.2
    )
    earlier = optimizer.theta[0].copy()
    optimizer.tell(repeat(ALL[[1, 7]], errors[[1, 7], None], None, len(first)))
    theta = optimizer.theta[0].copy()
    pairs = np.stack([first, second], axis=1)
    optimizer.gradients = np.zeros(optimizer.theta.shape)
    optimizer.tell(Observations.given(ALL[pairs], errors[pairs][..., None], np.ones(pairs.shape, dtype=np.int64)))
    p = probabilities(theta)
    mean = ((p[first] * p[second])[:, None, None] * optimizer.gradients).sum(axis=0)
    utility = ((errors > errors[:, None]) @ p) - ((errors < errors[:, None]) @ p)
    stated = conditional_gain(earlier if stale else theta, utility)
    worst = float(np.abs(mean - stated).max())
    return equal_within(
        worst, 0.0, 1e-12, len(first), note="greatest difference of E[estimate] and the natural gradient"
    )


def _step_length(context: Context, algorithm: Algorithm = "asng", factor: float = 1.0) -> Verdict:
    """Compare the length of the first step in the Fisher metric with the setting, over runs with different samples."""
    space, length, runs = make_space(4, 3), 0.05, 50
    rng = context.rng("policies.step")
    optimizer: Any = start(algorithm, space, runs, int(rng.integers(2**31)), initial_step_size=length * factor)
    before = optimizer.theta.copy()
    run(optimizer, lambda a, epochs: rng.random((len(a), 1)), 2)
    moved = ((optimizer.theta - before) ** 2 / before).sum(axis=(1, 2))
    worst = float(np.abs(np.sqrt(moved[moved > 0]) - length).max())
    return equal_within(worst, 0.0, 1e-12, int((moved > 0).sum()), note="greatest difference of length and setting")


def _quantum_law(context: Context, algorithm: Algorithm = "quantum_inspired", power: float = 2.0) -> Verdict:
    """Test that observations have the squares of the amplitudes as probabilities, after 12 generations of rotations."""
    rng, runs, asked = context.rng("policies.quantum"), 200, 50
    optimizer: Any = start(algorithm, SPACE, runs, int(rng.integers(2**31)), population_size=1, rotation_angle=0.1)
    for number in [0, *range(1, 9), 5, 7]:
        optimizer.tell(repeat(ALL[number][None], np.array([[float(number)]]), None, runs))
    amplitudes = optimizer.amplitudes[0, 0]
    drawn = np.concatenate([optimizer.ask()[:, 0] for _ in range(asked)])
    theta = amplitudes**power
    law = probabilities(theta / theta.sum(axis=1, keepdims=True))
    counts = np.bincount(SPACE.index(drawn), minlength=len(ALL))
    worst = int(np.abs(counts / len(drawn) - law).argmax())
    p_value = chi_square_p_value(counts, law)
    return by_p_value(p_value, counts[worst] / len(drawn), law[worst], len(drawn), note="share of an architecture")


def _rotation(context: Context, algorithm: Algorithm = "quantum_inspired", factor: float = 1.0) -> Verdict:
    """Compare the angles to the axes of the best before and after a generation that turns, until it is reached."""
    angle, worst, turns = 0.15, 0.0, 4
    optimizer: Any = start(
        algorithm, SPACE, 1, context.seed, population_size=1, rotation_angle=angle * factor, epsilon=0.0
    )
    optimizer.tell(repeat(ALL[0][None], np.zeros((1, 1)), None, 1))
    for _ in range(turns):
        before = np.arccos(optimizer.amplitudes[0, 0, :, 0])
        optimizer.tell(repeat(ALL[8][None], np.ones((1, 1)), None, 1))
        after = np.arccos(optimizer.amplitudes[0, 0, :, 0])
        norm = (optimizer.amplitudes[0, 0] ** 2).sum(axis=1)
        worst = max(worst, float(np.abs(before - after - angle).max()), float(np.abs(norm - 1).max()))
    return equal_within(
        worst, 0.0, 1e-9, turns, note="greatest difference of turned angle and setting, or of norm and 1"
    )


def _tail(context: Context, algorithm: Algorithm, least: float, horizon: int, **settings: Any) -> Verdict:
    """Test P(T > t) <= (1 - p)^t on a trap, on which the search is led away from the optimum."""
    rng = context.rng("policies.tail")
    optimizer = start(algorithm, SPACE, 1_500, int(rng.integers(2**31)), **settings)
    times = run(optimizer, lambda a, epochs: trap(a, 3), horizon).first_at_most(0)
    grid = np.arange(horizon + 1)
    return tail_at_most(times, grid, (1 - least) ** grid, note="on a trap of 9 architectures")


class NoFloor(Asng):
    """A mutant whose probabilities may vanish."""

    def __init__(self, problem: Any, streams: Any, **settings: Any) -> None:
        super().__init__(problem, streams, **settings)
        self._least = 1e-9 + 0 * self._least


_QUANTUM_TAIL = partial(
    _tail,
    algorithm="quantum_inspired",
    least=1 / 16,
    horizon=60,
    epsilon=0.25,
    population_size=1,
    rotation_angle=0.5,
)
_ENUMERATED = Assumption("9 architectures, all samples enumerated: no simulation")

CLAIMS = (
    Claim(
        "policy-gradient.reinforce-unbiased",
        r"E[\hat g_t] = \frac{m W_{t-1}}{m W_{t-1} + 1 - m} \nabla_{\text{logits}} E_\theta[r], \quad W_t = 1 - m^t",
        (_ENUMERATED, Assumption("the moving average includes the present reward, which shrinks the estimate")),
        "Williams 1992, theorem 1; factor of the baseline derived here",
        _reinforce,
        Mutant("the baseline is said to exclude the present reward", partial(_reinforce, shrunk=False)),
        optimizers=("reinforce",),
        evidence=BOTH,
        kind="theorem",
    ),
    Claim(
        "policy-gradient.asng-unbiased",
        r"E[\hat g] = \theta_{ec} \bigl(E[U \mid x_e = c] - E[U]\bigr), \quad U(x) = P(f(Y) > f(x)) - P(f(Y) < f(x))",
        (_ENUMERATED, Assumption("two samples a step")),
        "Akimoto et al. 2019; Ollivier, Arnold, Auger and Hansen 2017: the natural gradient of the expected utility",
        _asng,
        Mutant("the policy before the last step", partial(_asng, stale=True)),
        optimizers=("asng",),
        evidence=BOTH,
        kind="theorem",
    ),
    Claim(
        "policy-gradient.asng-step-length",
        r"\lVert \theta_{t+1} - \theta_t \rVert_{F(\theta_t)} = \delta_t",
        (Assumption("the first step, which no lower bound of a probability cuts"),),
        "Akimoto et al. 2019, algorithm 1: a step of given length in the Fisher metric",
        _step_length,
        Mutant.by_factor("a step of {factor:g} times the length", lambda c, f: _step_length(c, factor=f), 1.01),
        optimizers=("asng",),
        evidence=BOTH,
        kind="theorem",
    ),
    Claim(
        "policy-gradient.asng-tail",
        r"P(T > t) \le (1 - \prod_e \theta_{\min, e})^t",
        (Assumption("a lower bound of 1/6 on every probability, 9 architectures"),),
        "Akimoto et al. 2019, lower bound on theta; a geometric tail",
        partial(_tail, algorithm="asng", least=1 / 36, horizon=120),
        Mutant("no lower bound", partial(_tail, algorithm=Lockstep(NoFloor), least=1 / 36, horizon=120)),
        optimizers=("asng",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "quantum.sampling-law",
        r"P(x) = \prod_e \alpha_{e, x_e}^2",
        (Assumption("amplitudes after 11 generations"),),
        "Han and Kim 2002, observation of Q-bits",
        _quantum_law,
        Mutant("probabilities in proportion to the amplitudes", partial(_quantum_law, power=1.0)),
        optimizers=("quantum_inspired",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "quantum.rotation",
        r"\angle(\alpha_e, b_e) \text{ falls by } \Delta\theta, \quad \lVert \alpha_e \rVert = 1",
        (Assumption("epsilon 0; an observation that differs from the best and is no better"),),
        "Han and Kim 2002, rotation gate; for more than two choices in the plane of vector and axis",
        _rotation,
        Mutant.by_factor("an angle of {factor:g} times the setting", lambda c, f: _rotation(c, factor=f), 1.1),
        optimizers=("quantum_inspired",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "quantum.tail",
        r"P(T > t) \le (1 - \epsilon^d)^t",
        (Assumption("epsilon 1/4, population 1, 9 architectures"),),
        "Han and Kim 2004, gate H_epsilon (number unchecked); a geometric tail",
        _QUANTUM_TAIL,
        Mutant.by_factor("epsilon times {factor:g}", lambda c, f: _QUANTUM_TAIL(c, epsilon=0.25 * f), 0.08),
        optimizers=("quantum_inspired",),
        evidence=SHIPPED,
        kind="theorem",
    ),
)
"""Claims about policies."""
