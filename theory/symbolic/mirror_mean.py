"""Derivation: the geometric mean of exponentiated-gradient steps from one point is one such step along the mean gradient.

Client k's step is theta_i exp(-eta g_ki) / Z_k. The logarithm of the weighted geometric mean, less that of theta_i exp(-eta sum_k p_k g_ki),
is -sum_k p_k ln Z_k whenever the p_k sum to one: the same for every choice i, so normalisation takes it away. Nothing is asked of
the gradients, the step size or the number of clients.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

ETA = sp.Symbol("eta", positive=True)


@lru_cache(maxsize=4)
def log_ratio(clients: int, total: int = 1) -> sp.Expr:
    """Return ln(unnormalised mirror mean) - ln(unnormalised central step) at a choice, derived: -sum_k p_k ln Z_k.

    Args:
        clients: K.
        total: what the weights sum to.

    Raises:
        ArithmeticError: it depends on the choice, that is on theta_i or a gradient there.
    """
    theta = sp.Symbol("theta_i", positive=True)
    slopes = sp.symbols(f"g0:{clients}", real=True)
    normalisers = sp.symbols(f"Z0:{clients}", positive=True)
    free = sp.symbols(f"p0:{clients - 1}", positive=True)
    weights = [*free, total - sum(free)]
    local = [sp.log(theta) - ETA * g - sp.log(z) for g, z in zip(slopes, normalisers, strict=True)]
    mean = sum(p * step for p, step in zip(weights, local, strict=True))
    central = sp.log(theta) - ETA * sum(p * g for p, g in zip(weights, slopes, strict=True))
    ratio = sp.expand(mean - central)
    if ratio.free_symbols & {theta, ETA, *slopes}:
        raise ArithmeticError("the mirror mean differs from the central step by more than its normalisation")
    stated = -sum(p * sp.log(z) for p, z in zip(weights, normalisers, strict=True))
    if sp.expand(ratio - stated) != 0:
        raise ArithmeticError("the normalisation is not the weighted mean of the clients' own")
    return ratio


@lru_cache(maxsize=1)
def barycentre_gap(choices: int = 3) -> sp.Expr:
    """Return sum_k p_k KL(t || theta_k) - KL(t || m) - c for two clients, m their mirror mean, c = -ln sum_i prod_k theta_ki^p_k.

    It is zero for every t that sums to one: c does not depend on t, so m is the one minimiser of the mean divergence.
    """
    p = sp.Symbol("p", positive=True)
    first, second = sp.symbols(f"a0:{choices}", positive=True), sp.symbols(f"b0:{choices}", positive=True)
    free = sp.symbols(f"t0:{choices - 1}", positive=True)
    t = [*free, 1 - sum(free)]
    log_total = sp.Symbol("L", real=True)  # ln sum_i prod_k theta_ki^p_k
    log_mean = [p * sp.log(a) + (1 - p) * sp.log(b) - log_total for a, b in zip(first, second, strict=True)]
    spread = sum(
        x * (p * (sp.log(x) - sp.log(a)) + (1 - p) * (sp.log(x) - sp.log(b)))
        for x, a, b in zip(t, first, second, strict=True)
    )
    to_mean = sum(x * (sp.log(x) - m) for x, m in zip(t, log_mean, strict=True))
    return sp.expand(spread - to_mean + log_total)
