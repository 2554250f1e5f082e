"""Stationarity of stochastic mirror descent on weights and architecture together, as GAEA runs it, with every constant.

GAEA (Li, Khodak, Balcan and Talwalkar 2021) descends one loss f(w, theta) in both blocks: weights by gradient steps,
theta by exponentiated gradient. With phi = |w|^2/2 + sum theta ln theta, D its divergence and f + rho phi convex in both, let
y_t = argmin_y f(y) + 2 rho D(y, x_t). The mirror step and D >= |.|^2/2 give
E D(y_t, x_{t+1}) <= D(y_t, x_t) + eta <grad f(x_t), y_t - x_t> + eta^2 G^2/2, E |g_t|_*^2 <= G^2; relative weak convexity and the strong
convexity of y_t's problem bound the inner product by -rho (D(y_t, x_t) + D(x_t, y_t)). Summed over t with eta = sqrt(Delta/(rho T))/G:

    (1/T) sum_t E rho^2 (D(y_t, x_t) + D(x_t, y_t)) <= G sqrt(rho Delta / T),   Delta = f(x_0) - min f.

The loss: f = -F(theta) + kappa |w|^2/2 - w' C theta, F the extension of a real table by ranks (range 1), w in a ball. The ascent
lemma gives F's share of rho, (n - 1)/2; the coupling adds c to the weights' block and c n to theta's, c the greatest column norm of C.
Gradients are stochastic: theta's from one architecture drawn from theta and its neighbours, the weights' with Gaussian noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.gradient.exponentiated import eg_step, kl
from nasbench.theory.families.gradient.multilinear import extension, gradient
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import means_at_most

Floats = NDArray[np.float64]
Point = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class SharedLoss:
    """The loss above.

    Attributes:
        tensor: gain in [0, 1], one axis per decision.
        coupling: C, shape (width, n k).
        curvature: kappa.
        radius: of the ball that holds the weights.
        noise: standard deviation of each coordinate of the weights' gradient.
    """

    tensor: Floats
    coupling: Floats
    curvature: float
    radius: float
    noise: float

    @property
    def column(self) -> float:
        """Return c, the greatest column norm of C."""
        return float(np.linalg.norm(self.coupling, axis=0).max())

    @property
    def rho(self) -> float:
        """Return the constant of relative weak convexity."""
        n = self.tensor.ndim
        return max(self.column, (n - 1) / 2 + self.column * n)

    @property
    def gradient_bound(self) -> float:
        """Return G: Euclidean for the weights, the greatest entry of each block for theta, gains centred at 1/2."""
        n = self.tensor.ndim
        weights = (self.curvature * self.radius + n * self.column) ** 2 + self.noise**2 * len(self.coupling)
        return float(np.sqrt(weights + n * (0.5 + self.column * self.radius) ** 2))

    @property
    def least(self) -> float:
        """Return a lower bound on f: its two parts minimised apart."""
        return -1.0 - (self.tensor.ndim * self.column) ** 2 / (2 * self.curvature)

    def value(self, point: Point) -> float:
        """Return f."""
        w, theta = point
        return float(self.curvature / 2 * w @ w - w @ self.coupling @ theta.ravel()) - extension(self.tensor, theta)

    def exact(self, point: Point) -> Point:
        """Return the gradient, gains centred at 1/2 (a constant in a block changes nothing)."""
        w, theta = point
        pull = (self.coupling.T @ w).reshape(theta.shape)
        return self.curvature * w - self.coupling @ theta.ravel(), 0.5 - gradient(self.tensor, theta) - pull

    def sampled(self, point: Point, rng: np.random.Generator) -> Point:
        """Return an unbiased gradient from one architecture, its neighbours, and noise on the weights."""
        w, theta = point
        x = (theta.cumsum(axis=1) < rng.random((len(theta), 1))).sum(axis=1).clip(max=theta.shape[1] - 1)
        gains = np.stack([self.tensor[(*x[:e], slice(None), *x[e + 1 :])] for e in range(len(x))])
        pull = (self.coupling.T @ w).reshape(theta.shape)
        noisy = self.curvature * w - self.coupling @ theta.ravel() + self.noise * rng.normal(size=len(w))
        return noisy, 0.5 - gains - pull

    def project(self, w: Floats) -> Floats:
        """Return the nearest point of the ball."""
        return w * min(1.0, self.radius / max(float(np.linalg.norm(w)), 1e-300))

    def step(self, point: Point, slope: Point, eta: float) -> Point:
        """Return the mirror step: projected gradient for the weights, exponentiated gradient for theta."""
        return self.project(point[0] - eta * slope[0]), eg_step(point[1], -slope[1], eta)

    def proximal(self, point: Point, iterations: int = 40) -> Point:
        """Return argmin_y f(y) + 2 rho D(y, x): mirror descent with step 1/(3 rho) shrinks the error by 2/3 an iteration."""
        rho = self.rho
        (w, theta), (at_w, at_theta) = point, point
        for _ in range(iterations):
            slope = self.exact((at_w, at_theta))
            at_w = self.project(at_w / 3 + 2 * w / 3 - slope[0] / (3 * rho))
            mixed = np.exp(np.log(at_theta) / 3 + 2 * np.log(theta) / 3 - slope[1] / (3 * rho))
            at_theta = mixed / mixed.sum(axis=1, keepdims=True)
        return at_w, at_theta


def stationarity(loss: SharedLoss, point: Point) -> float:
    """Return rho^2 (D(y, x) + D(x, y)) at x."""
    w, theta = point
    y_w, y_theta = loss.proximal(point)
    return loss.rho**2 * float(((y_w - w) ** 2).sum() + kl(y_theta, theta) + kl(theta, y_theta))


def shared_loss(ctx: Context, dataset: str = "cifar10", width: int = 10) -> SharedLoss:
    """Return the loss on a real table by ranks."""
    landscape = ctx.landscape(dataset)
    tensor = 1.0 - landscape.rank.reshape(landscape.cardinalities) / (landscape.size - 1)
    coupling = ctx.rng("gradient.mirror-descent.coupling").normal(size=(width, sum(landscape.cardinalities)))
    coupling *= 0.1 / np.linalg.norm(coupling, axis=0)
    return SharedLoss(tensor, coupling, 1.0, 1.0, 2.0 / np.sqrt(width))


def check_rate(ctx: Context, stretch: float = 1.0, runs: int = 8, looks: int = 4) -> Verdict:
    """Test the bound at T = 64 ... 4096, looking at `looks` iterations of each run drawn without replacement."""
    loss = shared_loss(ctx)
    rng = ctx.rng("gradient.mirror-descent")
    width = len(loss.coupling)
    theta = np.full((loss.tensor.ndim, len(loss.tensor)), 1 / len(loss.tensor))
    start = (np.full(width, loss.radius / np.sqrt(width)), theta)
    gap = loss.value(start) - loss.least
    samples, bounds = [], []
    for steps in (64, 512, 4096):
        eta = stretch * np.sqrt(gap / (loss.rho * steps)) / loss.gradient_bound
        bounds.append(float(loss.gradient_bound * np.sqrt(loss.rho * gap / steps)))
        sample = []
        for _ in range(runs):
            point, seen = start, []
            chosen = set(rng.choice(steps, looks, replace=False).tolist())
            for t in range(steps):
                if t in chosen:
                    seen.append(stationarity(loss, point))
                point = loss.step(point, loss.sampled(point, rng), eta)
                point = (point[0], np.maximum(point[1], 1e-200))
            sample.append(float(np.mean(seen)))
        samples.append(sample)
    shown = ", ".join(f"{np.mean(sample):.2g} <= {bound:.2g}" for sample, bound in zip(samples, bounds, strict=True))
    means = np.array([np.mean(sample) for sample in samples])
    curve = LawCurve.of_growth(np.array([64.0, 512.0, 4096.0]), np.array(bounds), means, "mean stationarity", "T")
    verdict = means_at_most(samples, bounds, note=f"mean stationarity against the bound at T = 64, 512, 4096: {shown}")
    return replace(verdict, curve=curve)


CLAIMS = (
    Claim(
        "gradient.mirror-descent-rate",
        r"\tfrac1T\sum_t\mathbb{E}\,\rho^2\big(D(y_t,x_t)+D(x_t,y_t)\big)\le G\sqrt{\rho\Delta/T}",
        (
            Assumption(r"$f$ $\rho$-relatively weakly convex; $\rho$ from the ascent lemma"),
            Assumption(r"stochastic gradients unbiased, $\mathbb{E}\|g\|_*^2\le G^2$"),
            Assumption(r"$\eta=\sqrt{\Delta/(\rho T)}/G$"),
        ),
        "Li, Khodak, Balcan, Talwalkar (ICLR 2021), convergence of GAEA; Zhang, He (2018); constants derived here",
        check_rate,
        Mutant("the step is 200 times too long", partial(check_rate, stretch=200.0)),
        kind="theorem",
    ),
)
"""Claim about stochastic mirror descent."""
