"""Faults in the sources of optimizers, made by editing a line: each is caught by a claim that knows nothing of it."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymoo.operators.survival.rank_and_crowding import metrics

from nasbench.baselines import (
    asha,
    asng,
    bohb,
    dehb,
    gp_bo,
    hyperband,
    local_search,
    one_plus_one_ea,
    optuna_optimizer,
    pasha,
    progressive,
    quantum_inspired,
    regularized_evolution,
    reinforce,
    simulated_annealing,
    successive_halving,
)
from nasbench.theory.machinery.claim import ALPHA, Context
from nasbench.theory.machinery.detection_limit import is_rejected
from nasbench.theory.machinery.registry import all_claims, find

LEVEL = ALPHA / 400
"""More claims than there are, so that a fault that is caught here is caught among all."""

FAULTS: dict[str, tuple[types.ModuleType, str, str, str]] = {
    "ageing is off by one": (
        regularized_evolution,
        "self._n_evaluated % size)[told]",
        "(self._n_evaluated + (self._n_evaluated >= size)) % size)[told]",
        "evolution.oldest-dies",
    ),
    "a tournament of one less": (
        regularized_evolution,
        "uniform[:, : self._tournament_size] *",
        "uniform[:, : self._tournament_size - 1] *",
        "evolution.tournament-law",
    ),
    "one more survivor than n / eta": (
        successive_halving,
        "best[: self.rungs[self.level].size]",
        "best[1 : self.rungs[self.level].size + 1]",
        "halving.promotions-successive-halving",
    ),
    "rungs of eta + 1": (
        successive_halving,
        "max(int(first * eta**-i + 1e-9), 1)",
        "max(int(first * (eta + 1)**-i + 1e-9), 1)",
        "complexity.epochs-hyperband",
    ),
    "a temperature that falls one step late": (
        simulated_annealing,
        "self._proposed >= self._proposals_per_temperature",
        "self._proposed > self._proposals_per_temperature",
        "annealing.schedule-law",
    ),
    "a first temperature from all moves": (
        simulated_annealing,
        "/ np.maximum(self._uphill[1], 1)",
        "/ self._warmup",
        "annealing.gibbs-law",
    ),
    "a baseline that counts the present reward twice": (
        reinforce,
        "(1 - self._momentum) * reward",
        "2 * (1 - self._momentum) * reward",
        "policy-gradient.reinforce-unbiased",
    ),
    "stale gradients": (
        asng,
        "self._move(rows[moving], gradient[moving])",
        'self._move(rows[moving], (self.__dict__.get("old", gradient), self.__dict__.update(old=gradient))[0][moving])',
        "policy-gradient.asng-unbiased",
    ),
    "gradients of the answer before": (
        reinforce,
        "[-gradient]",
        '[-(self.__dict__.get("old", gradient), self.__dict__.update(old=gradient))[0]]',
        "policy-gradient.reinforce-unbiased",
    ),
    "a step of another metric": (
        asng,
        "norm = np.sqrt((direction**2).sum(axis=(1, 2)))",
        "norm = np.sqrt((gradient**2).sum(axis=(1, 2)))",
        "policy-gradient.asng-step-length",
    ),
    "promotions from the lowest rung first": (
        asha,
        "in reversed(list(pairwise(self._open_rungs)))",
        "in list(pairwise(self._open_rungs))",
        "halving.asha-rule",
    ),
    "equal rankings are called different": (
        pasha,
        "(moved <= epsilon).all()",
        "(moved < epsilon).all()",
        "halving.pasha-settles",
    ),
    "the quantile of the wrong side in TPE": (
        optuna_optimizer,
        '["minimize"]',
        '["maximize"]',
        "model-based.tpe-law",
    ),
    "the density ratio upside down in BOHB": (
        bohb,
        "drawn[ratio.argmin()]",
        "drawn[ratio.argmax()]",
        "model-based.bohb-law",
    ),
    "a scan that stops one neighbour early": (
        local_search,
        "self._next >= self._end)",
        "self._next >= self._end - 1)",
        "complexity.local-search-scan",
    ),
    "a mutation that may keep the choice": (
        one_plus_one_ea,
        "shift = 1 + (uniform[:, d:] * (self._space.cardinalities - 1))",
        "shift = (uniform[:, d:] * self._space.cardinalities)",
        "markov.one-plus-one-registered",
    ),
    "a bracket rounded down": (
        hyperband,
        "math.ceil((most + 1) / (halvings + 1) * self._eta**halvings - 1e-9)",
        "math.floor((most + 1) / (halvings + 1) * self._eta**halvings + 1e-9)",
        "complexity.epochs-hyperband",
    ),
    "a challenger that wins when it is worse": (
        dehb,
        "if error <= self.fitness[member]:",
        "if error >= self.fitness[member] or np.isinf(self.fitness[member]):",
        "halving.dehb-elitist",
    ),
    "a child that may have nothing of the mutant": (
        dehb,
        "if not taken.any():",
        "if taken.all():",
        "halving.dehb-crossover-law",
    ),
    "amplitudes taken for probabilities": (
        quantum_inspired,
        "draw(self.amplitudes**2,",
        "draw(self.amplitudes / self.amplitudes.sum(axis=-1, keepdims=True),",
        "quantum.sampling-law",
    ),
    "a posterior with half of the noise": (
        gp_bo,
        "+ self.noise * np.eye(len(fresh))",
        "+ 0.5 * self.noise * np.eye(len(fresh))",
        "bayesian.process-posterior",
    ),
    "a first level that is not drawn": (
        progressive,
        "pool[self._rng.permutation(len(pool))[: self._beam]]",
        "pool[: self._beam]",
        "progressive.first-level",
    ),
    "a beam of one more": (
        progressive,
        'kind="stable")[: self._beam]]',
        'kind="stable")[: self._beam + 1]]',
        "progressive.levels",
    ),
}
"""By what is wrong: module, line, what takes its place, and the claim that must find it out."""


def plant(monkeypatch: pytest.MonkeyPatch, module: types.ModuleType, line: str, wrong: str) -> None:
    """Replace the functions and methods of a module that an edit of its source changes.

    A module that is executed anew has other code objects only where its source differs.
    """
    path = Path(str(module.__file__))
    source = path.read_text(encoding="utf-8")
    assert source.count(line) == 1, f"{path.name} should have the line {line!r} once"
    edited = types.ModuleType(module.__name__)
    exec(compile(source.replace(line, wrong), str(path), "exec"), edited.__dict__)
    original = types.ModuleType(module.__name__)
    exec(compile(source, str(path), "exec"), original.__dict__)
    changed = 0
    for name, value in vars(edited).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        target, before, after = module, original, edited
        names = [name]
        if isinstance(value, type):
            target, before, after = (getattr(one, name) for one in (module, original, edited))
            names = list(vars(value))
        for attribute in names:
            old, new = vars(before).get(attribute), vars(after)[attribute]
            if isinstance(new, types.FunctionType) and _differs(old, new):
                monkeypatch.setattr(target, attribute, new)
                changed += 1
    assert changed == 1


def _differs(old: Any, new: types.FunctionType) -> bool:
    return isinstance(old, types.FunctionType) and _content(old.__code__) != _content(new.__code__)


def _content(code: types.CodeType) -> tuple[object, ...]:
    """Return what a function does: instructions, names and constants, those of functions within it included."""
    constants = tuple(_content(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, constants


@pytest.mark.parametrize("fault", FAULTS)
def test_a_claim_finds_the_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, line, wrong, claim = FAULTS[fault]
    if module is optuna_optimizer:
        pytest.importorskip("optuna")
    plant(monkeypatch, module, line, wrong)
    assert is_rejected(find(claim).check(Context()), LEVEL)


LIVE: dict[str, tuple[str, str, str, str]] = {
    "paths from the uniform point": (
        "searchers.hybrid_supernet",
        "return self.relaxation.propose(1, 0, rng)[0]",
        "return self.space.sample(rng.random((1, self.space.d)))[0]",
        "hybrid-supernet-paths",
    ),
    "an unrolled step without momentum": ("searchers.darts", 'group["momentum"] * buffer', "0 * buffer", "exact"),
    "exponentiated gradient uphill": ("searchers.gaea", "- rate * gradient", "+ rate * gradient", "gaea-proximal"),
    "a temperature that is squared": (
        "searchers.gdas",
        ") / temperature,",
        ") / temperature / 2,",
        "straight-through-law",
    ),
    "a product averaged over weights": (
        "supernets.hypergradient",
        "strict=True)]).sum()",
        "strict=True)]).mean()",
        "exact",
    ),
}
"""By what is wrong: module of `nasbench.live`, line, what takes its place, and the end of the name of the claim."""


@pytest.mark.parametrize("fault", LIVE)
def test_a_claim_finds_the_fault_in_live_training(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs the extra live")
    module, line, wrong, claim = LIVE[fault]
    plant(monkeypatch, importlib.import_module(f"nasbench.live.{module}"), line, wrong)
    full = claim if "-" in claim else f"hypergradient-{claim}"
    assert is_rejected(find(f"live.{full}").check(Context()), LEVEL)


def test_crowding_distance_that_is_infinite_at_one_end_only_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # pymoo makes its default survival when it is imported, so the method is replaced and not the function that it holds.
    right: Callable[..., Any] = metrics.FunctionalDiversity._do

    def one_ended(diversity: Any, F: Any, **options: Any) -> Any:
        distance = right(diversity, F, **options)
        return np.where(np.isinf(distance) & (F[:, 0] > F[:, 0].min()), 0.0, distance)

    monkeypatch.setattr(metrics.FunctionalDiversity, "_do", one_ended)
    assert is_rejected(find("pareto.extremes-nsga2").check(Context()), LEVEL)


def test_there_are_more_faults_than_ten_and_no_more_claims_than_the_level_allows() -> None:
    assert len(FAULTS) >= 10
    assert len(all_claims()) <= ALPHA / LEVEL
