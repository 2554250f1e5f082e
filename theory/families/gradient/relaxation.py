"""The multilinear relaxation is tight, its gradient at a vertex is the table's neighbourhood, its strict optima are vertices.

F is linear in each block. So F(theta) is a mean of table entries (F <= max f), rounding one block at a time to its best choice
never lowers F and ends at a vertex, and a point with a block of mixed support can move both ways along that block without a
strict loss on both sides: strict local maxima are vertices, and a vertex is one exactly when it beats each neighbour that differs
in one decision. Around such a vertex with least margin m the ascent lemma's remainder (R (n-1)/4) sum |d_e|_1^2 is below
the first-order loss (m/2) sum |d_e|_1 for |d_e|_1 < 2 m / (R (n-1)): a radius inside which every point is worse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import DATASETS, Landscape
from nasbench.theory.families.gradient.multilinear import dirichlet, extension, gain_tensor, gradient, vertex
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most, at_most

Floats = NDArray[np.float64]
Relaxation = Callable[[Floats, Floats], float]


def round_by_blocks(tensor: Floats, theta: Floats) -> NDArray[np.int8]:
    """Return the vertex reached by setting each block in turn to its best conditional mean: (n, k) to (n,)."""
    rounded = theta.copy()
    for decision in range(len(theta)):
        best = int(gradient(tensor, rounded)[decision].argmax())
        rounded[decision] = np.eye(theta.shape[1])[best]
    return rounded.argmax(axis=1).astype(np.int8)


def bulging(tensor: Floats, theta: Floats) -> float:
    """Return a relaxation that agrees with the table at every vertex but is not multilinear: it rewards mixtures."""
    return extension(tensor, theta) + float(np.ptp(tensor) * (1.0 - (theta**2).sum(axis=1)).sum())


def check_tight(ctx: Context, relaxation: Relaxation = extension) -> Verdict:
    """Check F(theta) <= f(rounded theta) <= max f on random points of the polytope and its faces, on the real tables."""
    rng = ctx.rng("gradient.relaxation-tight")
    seen, bounds = [], []
    for name in DATASETS:
        tensor = gain_tensor(ctx.landscape(name))
        shift = tensor.min()
        for concentration in (0.05, 0.3, 1.0):
            for _ in range(25):
                theta = dirichlet(rng, tensor.ndim, len(tensor), concentration)
                reached = tensor[tuple(round_by_blocks(tensor, theta))]
                seen += [relaxation(tensor, theta) - shift, reached - shift]
                bounds += [reached - shift + 1e-9, tensor.max() - shift]
    return all_at_most(seen, bounds, note="F(theta) against the vertex it rounds to, and that against the best cell")


def strict_optima(landscape: Landscape, radius: int = 1) -> NDArray[np.intp]:
    """Return the indices strictly better than every architecture within `radius` changed decisions (1 or 2)."""
    values, near = landscape.values, landscape.neighbours
    best_near = values[near].min(axis=1)
    if radius == 2:
        own = np.arange(landscape.size)[:, None, None]
        second = near[near]
        best_near = np.minimum(best_near, np.where(second == own, np.inf, values[second]).min(axis=(1, 2)))
    return np.flatnonzero(values < best_near)


def check_vertex_gradient(ctx: Context, reverse: bool = False) -> Verdict:
    """Compare the contracted gradient at 300 random vertices a table with the table read along each axis."""
    rng = ctx.rng("gradient.vertex-gradient")
    worst = 0.0
    for name in DATASETS:
        tensor = gain_tensor(ctx.landscape(name))
        for _ in range(300):
            x = rng.integers(len(tensor), size=tensor.ndim)
            read = np.stack([tensor[(*x[:e], slice(None), *x[e + 1 :])] for e in range(tensor.ndim)])
            contracted = gradient(tensor, vertex(x, len(tensor)))
            worst = max(worst, float(np.abs(contracted - (read[::-1] if reverse else read)).max()))
    return at_most(worst, 1e-10, 900, note="largest difference in percentage points, 900 vertices, three tables")


def margin(tensor: Floats, x: NDArray[np.int8]) -> float:
    """Return how much worse than x the best neighbour is, from the gradient alone; not positive where x is no optimum."""
    slope = gradient(tensor, vertex(x, len(tensor)))
    own = slope[np.arange(len(x)), x]
    others = np.where(vertex(x, len(tensor)) == 1, -np.inf, slope)
    return float((own[:, None] - others).min())


def check_local_optima(ctx: Context, radius: int = 1) -> Verdict:
    """Compare strict local maxima of F with strict optima of the table, probing F itself; count what disagrees.

    Probes: 40 random points inside the guaranteed radius of each strict optimum must be worse; the other vertices looked at
    must have a direction without loss; of both ways along a mixed block one must be without loss.
    """
    rng = ctx.rng("gradient.local-optima")
    disagreements, looked, found = 0, 0, []
    for name in DATASETS:
        landscape = ctx.landscape(name)
        tensor = gain_tensor(landscape)
        decisions, choices = tensor.ndim, len(tensor)
        strict = strict_optima(landscape, radius)
        found.append(len(strict))
        truly = set(strict_optima(landscape).tolist())
        probed = np.concatenate([sorted(truly), rng.choice(landscape.size, 300, replace=False)])
        for index in probed.astype(int):
            x = landscape.architectures[index]
            least = margin(tensor, x)
            disagreements += int((least > 0) != (index in strict))
            if least > 0:
                at = vertex(x, choices)
                step = min(0.9 * least / (np.ptp(tensor) * (decisions - 1)), 1.0)
                probes = [at + step * (dirichlet(rng, decisions, choices) - at) for _ in range(40)]
                disagreements += sum(extension(tensor, probe) >= extension(tensor, at) for probe in probes)
        for _ in range(100):
            theta = dirichlet(rng, decisions, choices)
            move = np.zeros_like(theta)
            move[rng.integers(decisions), :2] = 1e-3, -1e-3
            move *= min(1.0, theta.min() / 1e-3)
            both = max(extension(tensor, theta + move), extension(tensor, theta - move))
            disagreements += both < extension(tensor, theta) - 1e-10
        looked += len(probed) + 100
    return at_most(disagreements, 0, looked, note=f"strict local optima of {', '.join(DATASETS)}: {found}")


COMPLETE = Assumption("a complete table of a product of choices")

CLAIMS = (
    Claim(
        "gradient.relaxation-tight",
        r"\max_\theta F(\theta)=\max_x f(x),\ \text{and rounding block by block never lowers } F",
        (COMPLETE,),
        "multilinearity; method of conditional expectations (Raghavan 1988)",
        check_tight,
        Mutant("the relaxation agrees at vertices but rewards mixtures", partial(check_tight, relaxation=bulging)),
    ),
    Claim(
        "gradient.vertex-gradient",
        r"\partial F/\partial\theta_{e,o}(x)=f(x_{e:=o})\ \text{at every vertex } x",
        (COMPLETE,),
        "multilinearity",
        check_vertex_gradient,
        Mutant("decisions are read from the other end", partial(check_vertex_gradient, reverse=True)),
    ),
    Claim(
        "gradient.local-optima",
        r"\text{strict local maxima of } F \text{ on the polytope = strict one-flip optima of } f",
        (COMPLETE,),
        "derived here: multilinearity and the ascent lemma's remainder",
        check_local_optima,
        Mutant("optima over two flips are taken for it", partial(check_local_optima, radius=2)),
        kind="theorem",
    ),
)
"""Claims about the relaxation."""
