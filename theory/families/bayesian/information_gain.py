"""Information gain of T noisy observations under the ANOVA prior: closed form compared with exact log-determinants.

I(A) = (1/2) ln det(1 + K_A / s^2). As a function of the design's distribution p over architectures it is concave, and the symmetry
group of the space acts transitively and leaves it unchanged, so the uniform p is best:

    gamma_T <= (1/2) sum_d C(n, d)(k-1)^d ln(1 + T lambda_d / s^2).

Hadamard gives gamma_T <= (T/2) ln(1 + 1/s^2), which is the smaller one while T is small against the number of eigen-directions.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.bayesian.kernel import AnovaKernel
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most, at_most

Floats = NDArray[np.float64]


def symmetric_bound(kernel: AnovaKernel, times: Floats, noise: float, orders: int | None = None) -> Floats:
    """Return the closed form for each T; `orders` leaves out the higher ones (a mutant)."""
    values, counts = kernel.spectrum()
    values, counts = values[:orders], counts[:orders]
    return 0.5 * np.log1p(np.multiply.outer(np.asarray(times, dtype=float), values) / noise) @ counts


def gain_bound(kernel: AnovaKernel, times: Floats, noise: float) -> Floats:
    """Return the smaller of the closed form and Hadamard's bound."""
    hadamard = 0.5 * np.asarray(times, dtype=float) * np.log1p(1 / noise)
    return np.minimum(symmetric_bound(kernel, times, noise), hadamard)


def greedy_design(kernel: AnovaKernel, length: int, noise: float) -> tuple[NDArray[np.intp], Floats]:
    """Return the design that always takes the most uncertain architecture, and the variance before each observation."""
    everything = kernel.architectures()
    variance = np.ones(kernel.size)
    factors = np.empty((length, kernel.size))
    design, before = np.empty(length, dtype=np.intp), np.empty(length)
    for t in range(length):
        at = int(variance.argmax())
        design[t], before[t] = at, variance[at]
        row = kernel.matrix(everything[at : at + 1], everything)[0] - factors[:t, at] @ factors[:t]
        factors[t] = row / np.sqrt(variance[at] + noise)
        variance = np.maximum(variance - factors[t] ** 2, 0.0)
    return design, before


def information(kernel: AnovaKernel, design: NDArray[np.intp], noise: float) -> float:
    """Return the exact (1/2) ln det(1 + K_A / s^2)."""
    chosen = kernel.architectures()[design]
    gram = np.eye(len(design)) + kernel.matrix(chosen, chosen) / noise
    return 0.5 * float(np.linalg.slogdet(gram)[1])


def check_gain(ctx: Context, orders: int | None = None) -> Verdict:
    """Compare the closed form with exact gains of greedy and random designs: product and additive kernels."""
    rng = ctx.rng("bayesian.information-gain")
    seen, bounds = [], []
    product, additive, small = AnovaKernel(0.4, 6, 5, 6), AnovaKernel(0.4, 4, 5, 1), AnovaKernel(1.0, 3, 4, 3)
    for kernel, noise in ((product, 0.05), (additive, 0.05), (additive, 1.0), (small, 0.05), (small, 1.0)):
        longest = 100 if kernel is product else 200
        greedy, _ = greedy_design(kernel, longest, noise)
        for design in (greedy, rng.integers(kernel.size, size=longest)):
            for length in (10, 50, longest):
                seen.append(information(kernel, design[:length], noise))
                bounds.append(float(symmetric_bound(kernel, np.array([length]), noise, orders)[0]) + 1e-9)
    note = "nats, the tightest of three kernels, greedy and random designs"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def check_chain(ctx: Context, late: bool = False) -> Verdict:
    """Check I(A) = (1/2) sum_t ln(1 + s_{t-1}^2(x_t)/s^2) and sum_t s_{t-1}^2(x_t) <= 2 I(A) / ln(1 + 1/s^2) on greedy designs.

    The mutant takes the variance after the observation for the one before it.
    """
    worst = 0.0
    for kernel in (AnovaKernel(0.4, 4, 5, 4), AnovaKernel(0.4, 4, 5, 1)):
        for noise in (0.05, 1.0):
            design, variance = greedy_design(kernel, 200, noise)
            if late:
                variance = variance * noise / (variance + noise)
            exact = information(kernel, design, noise)
            chained = 0.5 * float(np.log1p(variance / noise).sum())
            capped = float(variance.sum()) * np.log1p(1 / noise) / 2
            worst = max(worst, abs(chained / exact - 1.0), capped / exact - 1.0)
    note = "relative defect of the identity, or excess over the bound on summed variances"
    return at_most(worst, 1e-8, 800, note=note)


CLAIMS = (
    Claim(
        "bayesian.information-gain",
        r"\gamma_T\le\tfrac12\sum_d\binom nd(k-1)^d\ln(1+T\lambda_d/\sigma^2),\ \lambda_d=(a/(k-1))^d/Z",
        (Assumption("ANOVA kernel, transitive symmetry group of the space"),),
        "Srinivas, Krause, Kakade, Seeger (2010), section 2.2; concavity and symmetry, derived here",
        check_gain,
        Mutant("interactions of order two and more are left out", partial(check_gain, orders=2)),
        kind="theorem",
    ),
    Claim(
        "bayesian.chain-rule",
        r"I=\tfrac12\sum_t\ln(1+\sigma^{-2}\sigma^2_{t-1}(x_t)),\ "
        r"\sum_t\sigma^2_{t-1}(x_t)\le\tfrac{2}{\ln(1+\sigma^{-2})}\gamma_T",
        (Assumption(r"$k(x,x)\le 1$, Gaussian noise"),),
        "Srinivas, Krause, Kakade, Seeger (2010), Lemmas 5.3 and 5.4",
        check_chain,
        Mutant("the variance after the observation is taken", partial(check_chain, late=True)),
    ),
)
"""Claims about information gain."""
