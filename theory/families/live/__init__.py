"""Claims about live training, checked on the supernets and searchers that ship.

This module imports no torch: the checks, in the modules beside it, are imported when they are made. Without torch there are no such claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from nasbench.theory.families.complexity.growth import TIME_SLACK, Slope, check_slopes
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Outcome,
    Verdict,
    not_judged,
)
from nasbench.theory.machinery.deferred import Deferred
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns

EXACT, SHIPPED = (Evidence.EXACT, Evidence.SHIPPED), (Evidence.SHIPPED,)
DARTS = "Liu, Simonyan, Yang (ICLR 2019), equations 7 and 8"
DOUBLE = Assumption("float64")
KINKS = Assumption("ReLU between smooth functions; inputs of ReLUs that change sign are found from their signs")
BATCHES = Assumption("the objective is the mean loss of fixed mini-batches, each normalised by its own statistics")
SEARCHERS = ("darts", "drnas", "gaea", "gdas", "hybrid_supernet", "pc_darts", "rsps")
"""Weight-sharing searchers, those of `nasbench.live.searchers.catalogue`, which imports torch."""
FEWEST = 4
"""Epochs or trainings between which a slope is fitted, at least."""
ON_THE_RUN = Assumption("smoothness and noise are those of each step of the run itself", checked=False)


def _check(module: str, function: str) -> Deferred:
    return Deferred(f"{__name__}.{module}", function)


_exact = _check("hypergradient", "check_exact")
_smooth = _check("hypergradient", "check_smooth")
_jumps = _check("hypergradient", "check_jumps")
_radius = _check("hypergradient", "check_radius")
_softplus = _check("hypergradient", "check_softplus")
_descent = _check("training", "check_descent")
_stationarity = _check("training", "check_stationarity")
_gap = _check("discretisation", "check_gap")
_integral = _check("discretisation", "check_integral")
_power = _check("discretisation", "check_power_iteration")
_straight = _check("estimators", "check_straight_through")
_proximal = _check("estimators", "check_proximal")
_mixed_proximal = _check("estimators", "check_mixed_proximal")
_paths = _check("estimators", "check_paths")
_adam = _check("estimators", "check_adam")
_falls = _check("recorded", "check_descent_in_expectation")
_entropies = _check("recorded", "check_entropy_floor")
_optimism = _check("selection", "check_bound")
_optimism_law = _check("selection", "check_law")


def _passes(context: Context, factor: float, **stated: Any) -> Verdict:
    return _check("cost", "check_passes")(context, factor=factor, **stated)


def _operations(context: Context, factor: float, **stated: Any) -> Verdict:
    return _check("cost", "check_operations")(context, factor=factor, **stated)


def _time_of_epochs(runs: OptimizerRuns, context: Context) -> Verdict | None:
    """Test the growth of the measured seconds of a live study in its epochs or trainings, those of all runs together."""
    if runs.charged is None:
        return None
    spent = np.cumsum(runs.charged[:, : runs.horizon], axis=1).mean(axis=0)
    if runs.horizon < FEWEST or spent[0] <= 0:
        return not_judged(
            Outcome.UNDECIDED, f"the times of {runs.horizon} epochs or trainings are too few", n=runs.count
        )
    made = np.arange(1, runs.horizon + 1)
    return check_slopes([Slope.of("time", made, spent, 1.0, TIME_SLACK)], runs.horizon, f"T = 1 to {runs.horizon}")


def _recorded(runs: OptimizerRuns, context: Context, function: str) -> Verdict | None:
    """Judge the curves of a live study, where the runs have some."""
    module = import_module(f"{__name__}.recorded")
    verdict: Verdict | None = getattr(module, function)(runs, context) if runs.curves else None
    return verdict


STATEMENTS = (
    Claim(
        "live.hypergradient-exact",
        r"\hat g=\nabla_\alpha L_{\mathrm{search}}(w-\xi(\nabla_wL_{\mathrm{train}}(w,\alpha)+\lambda w+\mu m),\alpha)"
        r"\text{ with hypergradient = exact}",
        (DOUBLE, Assumption("momentum and weight decay in the step that is unrolled")),
        f"{DARTS}; chain rule, one product of the mixed second derivative with a vector",
        _exact,
        Mutant.by_factor("the learning rate of the unrolled step", _exact, 1.5),
        optimizers=("darts",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.hypergradient-smooth",
        r"\text{no kink in }[-R,R]\text{: }"
        r"\left\|\frac{g(R)-g(-R)}{2R}-\dot g(0)\right\|\le\frac{R^2}{6}\sup\|\dddot g\|",
        (
            KINKS,
            Assumption("the supremum is that at two distances, with one part in a hundred for the next order"),
            Assumption("float64, with rounding of a gradient of 64 units in the last place"),
        ),
        f"{DARTS}; Taylor's theorem on a smooth piece",
        _smooth,
        Mutant.by_factor("the radius", _smooth, 3.0),
        optimizers=("darts",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "live.hypergradient-jumps",
        r"\frac{g(R)-g(-R)}{2R}=\frac1{2R}\int_{-R}^R\dot g(t)\,dt+\frac1{2R}\sum_{|t_i|<R}J_i,"
        r"\quad J_i\text{ the jump of }g\text{ at a kink}",
        (KINKS, DOUBLE, Assumption("the derivative on each piece is that at its middle")),
        "derived here: the fundamental theorem of calculus on each piece",
        _jumps,
        Mutant.by_factor("the jumps", _jumps, 0.0),
        optimizers=("darts",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.hypergradient-radius",
        r"P\left(\|\hat g_{R=0.01}-\nabla^2_{\alpha,w}L\,v\|>\tfrac12\|\nabla^2_{\alpha,w}L\,v\|\right)\ge\tfrac12"
        r"\text{ over initial weights}",
        (Assumption("supernets of four channels and three cells at their initial weights, float32"),),
        f"{DARTS}; the threshold is chosen here",
        _radius,
        Mutant("an activation without kinks", _softplus),
        optimizers=("darts",),
        evidence=SHIPPED,
        kind="calibration",
    ),
    Claim(
        "live.descent-lemma",
        r"F(z+\Delta)\le F(z)+\langle\nabla F(z),\Delta\rangle+\tfrac M2\|\Delta\|^2,\quad "
        r"M=\sup_{0<s\le1}\frac{\langle\nabla F(z+s\Delta)-\nabla F(z),\Delta\rangle}{s\|\Delta\|^2},\ z=(w,\theta)",
        (BATCHES, DOUBLE, Assumption("the supremum is that over four shares of the step")),
        "Nesterov (2004), Lemma 1.2.3, with the smoothness along the step (Mishkin et al. 2024) in place of a constant",
        _descent,
        Mutant.by_factor("the smoothness", _descent, 0.2),
        optimizers=("gaea",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "live.stationarity",
        r"\min_{t<T}\|\nabla F(w_t)\|^2\le"
        r"\frac{2(F(w_0)-F(w_T))+\sum_tL_t\sigma_t^2\eta_t^2}{\sum_t(2\eta_t-L_t\eta_t^2)}",
        (
            BATCHES,
            ON_THE_RUN,
            Assumption("SGD without momentum, mini-batches drawn with replacement; in expectation", checked=False),
        ),
        "Ghadimi, Lan (SIAM J. Optim. 2013), Theorem 2.1 (number unchecked), with the loss reached for the infimum",
        _stationarity,
        Mutant.by_factor("the learning rate", _stationarity, 0.05),
        optimizers=("darts", "gaea", "gdas", "pc_darts"),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "live.descent-in-expectation",
        r"E[F_{e+1}\mid\text{past}]\le F_e\ \Rightarrow\ P\Big(\sup_eM_e\ge\tfrac1p\Big)\le p,\quad "
        r"M_e=\prod_{i<e}\Big(1+\lambda\frac{F_{i+1}-F_i}{\max(F_i,c)}\Big),\ 0\le\lambda\le1",
        (
            Assumption("$F_e$ is the mean training loss of epoch $e$; steps within the stability limit of SGD"),
            Assumption("shares of 1/4, 1/2 and 1, and c a twentieth of the first loss, on independent runs"),
        ),
        "descent lemma in expectation (Bottou, Curtis, Nocedal 2018, Lemma 4.4, number unchecked); Ville (1939) for the supremum",
        _falls,
        Mutant.by_factor("the share of the loss that is left after an epoch, at most,", _falls, 0.1),
        optimizers=SEARCHERS,
        evidence=SHIPPED,
        kind="theorem",
        trace_check=partial(_recorded, function="descent_on_traces"),
    ),
    Claim(
        "live.entropy-floor",
        r"\log\frac{\theta_{io}(t)}{\theta_{ip}(t)}\le s_t\ \Rightarrow\ H(\theta_i(t))\ge\min_mH_m(s_t),\quad "
        r"H_m\text{ that of }m\text{ choices }e^{s_t}\text{ times as probable as the others}",
        (
            Assumption(
                r"$s_t = 2 \eta \lfloor t / \text{interval} \rfloor$ of the hybrid, $s_t = 0$ of RSPS; for Adam twice "
                "the sum of the largest steps, with the start of the logits"
            ),
        ),
        "derived here: the entropy is concave, and the extreme points of the ratios within a factor have two values",
        _entropies,
        Mutant.by_factor("the learning rate of the architecture", _entropies, 0.1),
        optimizers=("darts", "drnas", "gdas", "hybrid_supernet", "pc_darts", "rsps"),
        evidence=SHIPPED,
        kind="theorem",
        trace_check=partial(_recorded, function="entropy_floor_on_traces"),
    ),
    Claim(
        "live.discretisation-gap",
        r"|F(\theta_1)-F(\theta_0)|\le(1-\max_o\theta_{io})\int_0^1"
        r"\Big(\max_o\partial_{io}F(\theta_s)-\min_o\partial_{io}F(\theta_s)\Big)ds,\quad "
        r"\theta_s\text{ moves row }i\text{ to its vertex, row after row}",
        (Assumption("the integral is that of six Gauss-Legendre points"), DOUBLE),
        "derived here: fundamental theorem of calculus, Hoelder; the gap is that of Wang et al. (ICLR 2021)",
        _gap,
        Mutant.by_factor("the power of the distance from the vertex", _gap, 4.0),
        optimizers=("darts", "gaea", "pc_darts"),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "live.discretisation-integral",
        r"F(e)-F(\theta)=\int_0^1\langle\nabla F(\theta+s(e-\theta)),e-\theta\rangle\,ds",
        (Assumption("Gauss-Legendre quadrature of 48 points; to five parts in a hundred of the variation"), DOUBLE),
        "the fundamental theorem of calculus: the loss is absolutely continuous along the segment",
        _integral,
        Mutant.by_factor("the gradient of the supernet", _integral, 1.5),
        optimizers=("gaea", "hybrid_supernet"),
        evidence=SHIPPED,
        kind="software check",
    ),
    Claim(
        "live.dominant-eigenvalue",
        r"\rho_k=\frac{\sum_ic_i^2\lambda_i^{2k-1}}{\sum_ic_i^2\lambda_i^{2k-2}}\to\lambda_1,"
        r"\quad c_i\text{ the start over the eigenvectors of }\nabla^2_\alpha L",
        (Assumption("the Hessian in the logits is computed whole; products are counted from 1"), DOUBLE),
        "power iteration with the Rayleigh quotient (Golub, Van Loan 2013, section 8.2)",
        _power,
        Mutant.by_factor("the number of products", _power, 2.0),
        optimizers=("darts", "gaea", "gdas", "pc_darts"),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.straight-through-law",
        r"E\hat g_i=\sum_aP(a)\,c_{a,i}\,E\big[\tfrac1\tau\dot\sigma(\tfrac{\Delta_i+x}\tau)\,\big|\,a\big]"
        r"\ne\partial_{\Delta_i}\sum_aP(a)L(a),\quad x\text{ logistic}",
        (Assumption("two edges with two choices each, so that the four cells are enumerated"), DOUBLE),
        "derived here for the estimator of Dong, Yang (CVPR 2019); Jang, Gu, Poole (ICLR 2017)",
        _straight,
        Mutant.by_factor("the temperature", _straight, 3.0),
        optimizers=("gdas",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.gaea-proximal",
        r"\eta\langle g,\theta^+-u\rangle=\mathrm{KL}(u\|\theta)-\mathrm{KL}(u\|\theta^+)-\mathrm{KL}(\theta^+\|\theta)"
        r"\text{ for every }u",
        (DOUBLE, Assumption("one level: theta moves on the training batch")),
        "three-point identity of mirror descent; Li, Khodak, Balcan, Talwalkar (ICLR 2021)",
        _proximal,
        Mutant.by_factor("the learning rate", _proximal, 1.5),
        optimizers=("gaea",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.hybrid-supernet-proximal",
        r"\tfrac\eta s\langle g,\tilde\theta-u\rangle=\mathrm{KL}(u\|\theta)-\mathrm{KL}(u\|\tilde\theta)"
        r"-\mathrm{KL}(\tilde\theta\|\theta)\text{ for every }u,\quad "
        r"\theta^+=(1-\gamma)\tilde\theta+\tfrac\gamma k,\ s=\max_{io}|g_{io}-\bar g_i|",
        (DOUBLE, Assumption("theta moves on the search batch, before the weights")),
        "three-point identity of mirror descent; the scale of the step and the uniform part are those of the algorithm",
        _mixed_proximal,
        Mutant.by_factor("the learning rate", _mixed_proximal, 1.5),
        optimizers=("hybrid_supernet",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.hybrid-supernet-paths",
        r"P(\text{the path } a \text{ is trained})=\prod_i\theta_{i,a_i}\ge(\gamma/k)^d",
        (Assumption("every second step, before the first epoch has ended: evolution has no survivors yet"),),
        "the definition of the algorithm: a draw from the product distribution theta",
        _paths,
        Mutant.by_factor("the power of theta, normalised, in proportion to which a choice is drawn", _paths, 2.0),
        optimizers=("hybrid_supernet",),
        evidence=EXACT,
        kind="exact law",
    ),
    Claim(
        "live.adam-step",
        r"|\Delta\alpha_t|\le\eta\,\frac{1-\beta_1}{1-\beta_1^t}"
        r"\sqrt{\frac{1-\beta_2^t}{1-\beta_2}\sum_{j<t}(\beta_1^2/\beta_2)^j}\text{ for all gradients}",
        (Assumption(r"$\beta_1 = 0.5$, $\beta_2 = 0.999$, as DARTS has them"),),
        "derived here: Cauchy-Schwarz, attained; sharper than Kingma, Ba (ICLR 2015), section 2.1",
        _adam,
        Mutant.by_factor("the learning rate", _adam, 1.5),
        optimizers=("darts", "drnas", "gdas", "pc_darts"),
        evidence=EXACT,
        kind="theorem",
    ),
    Claim(
        "live.selection-optimism",
        r"E[m_J-M_J]\le\sqrt{\frac{\ln k}{2n}},\quad J=\arg\min_iM_i\text{ over }n\text{ validation examples}",
        (
            Assumption("the predictions do not depend on which examples were drawn"),
            Assumption("examples drawn with replacement from a pool of 512"),
        ),
        "maximal inequality for sub-Gaussian variables with Hoeffding's lemma (Boucheron, Lugosi, Massart 2013, section 2.5)",
        _optimism,
        Mutant.by_factor("the number of examples", _optimism, 64.0),
        optimizers=("rsps", "hybrid_supernet", "random_search"),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "live.selection-law",
        r"E[m_J-M_J],\ k=2\text{: exact, from the trinomial of examples on which one of two cells errs}",
        (Assumption("examples drawn with replacement from a pool of 512"),),
        "derived here: conditional on the disagreements the other errors are binomial",
        _optimism_law,
        Mutant.by_factor("the number of examples", _optimism_law, 2.0),
        optimizers=("rsps",),
        evidence=EXACT,
        kind="exact law",
    ),
)

PASSES: Mapping[str, tuple[str, float, Mapping[str, object]]] = {
    "darts": ("darts", 2, {}),
    "darts-second-order": ("darts", 5, {"order": 2}),
    "darts-exact": ("darts", 4, {"order": 2, "hypergradient": "exact"}),
    "drnas": ("drnas", 2, {}),
    "gaea": ("gaea", 1, {}),
    "gaea-two-levels": ("gaea", 2, {"levels": 2}),
    "gdas": ("gdas", 2, {}),
    "pc-darts": ("pc_darts", 2, {}),
    "rsps": ("rsps", 1, {}),
    "hybrid-supernet": ("hybrid_supernet", 1.5, {}),
}
"""Passes through the supernet that a step makes: searcher, their number, options."""

MIXED: Mapping[str, int] = {"darts": 1, "drnas": 1, "gaea": 1, "pc_darts": 1, "gdas": 0, "rsps": 0}
"""Whether a searcher computes all operations of an edge, or one."""

COST = (
    *(
        Claim(
            f"complexity.passes-{name}",
            rf"\text{{a step makes {passes:g} passes through the supernet, forward and backward}}",
            (Assumption("memory suffices for a whole batch"),),
            "the definition of the algorithm",
            partial(_check("cost", "check_passes"), passes=passes, name=searcher, options=options),
            Mutant.by_factor(
                "the number of passes",
                partial(_passes, passes=passes, name=searcher, options=options),
                2.0,
            ),
            optimizers=(searcher,),
            evidence=EXACT,
            kind="exact law",
        )
        for name, (searcher, passes, options) in PASSES.items()
    ),
    *(
        Claim(
            f"complexity.operations-{name.replace('_', '-')}",
            r"\text{a pass computes all } |O| \text{ operations of each of } E \text{ edges}"
            if mixed
            else r"\text{a pass computes at most one operation of each of } E \text{ edges}",
            (Assumption("the choice none is not computed"),),
            "the definition of the algorithm: the mixture, or one path",
            partial(_check("cost", "check_operations"), name=name, mixed=mixed),
            Mutant.by_factor("the number of operations", partial(_operations, name=name, mixed=mixed), 0.5),
            optimizers=(name,),
            evidence=EXACT,
            kind="exact law" if mixed else "theorem",
        )
        for name, mixed in MIXED.items()
    ),
    Claim(
        "complexity.live-epochs",
        r"T \text{ epochs on shared weights, or } T \text{ trainings of equal length, take } O(T) \text{ time}",
        (Assumption("one device, alike throughout"),),
        "each epoch makes the same passes",
        _check("cost", "check_epochs"),
        Mutant("each epoch makes one step more than the one before", _check("cost", "check_growing")),
        evidence=SHIPPED,
        kind="theorem",
        trace_check=_time_of_epochs,
    ),
)

CLAIMS = (*STATEMENTS, *COST) if find_spec("torch") is not None else ()
"""The claims, where torch is installed."""
