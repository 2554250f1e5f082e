"""Configuration of a live search and its validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.known_quantities import check_known
from nasbench.live.networks.builders import ConvNetworks, get_networks
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.catalogue import find_searcher, get_searcher, searcher_names
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.renamed import CONFIG, RECIPE, SETTINGS, stored_with_new_names, with_new_names
from nasbench.search.known_quantities import KnownQuantity
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.search.search_protocol import SearchProtocol

SELECTIONS = ("argmax", "perturbation")


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """Complete configuration of a live search.

    Attributes:
        task, space, optimizer: names; an optimizer is a weight-sharing searcher, any registered optimizer or `module:ATTR`.
        optimizer_params: parameters that differ from the optimizer's defaults.
        seed: seed of the search and of the final training.
        supernet: size and training of the supernet of weight-sharing searchers.
        early_stopping: early-stopping rule of weight-sharing searchers; see `EarlyStopping.parse`. `hybrid_supernet`
            then takes the finalists of that epoch.
        architecture_selection: "argmax" as the searcher discretizes, or "perturbation", for the same but `hybrid_supernet`, which selects by
            training finalists alone.
        recipe: recipe of the final training.
        search_recipe: recipe of trainings during the search (optimizers that train from scratch, and finalists of
            `hybrid_supernet`).
        budget: budget of optimizers that train from scratch, in accounts of the ledger.
        subset_size: number of training and of search examples to use, None for all.
        objectives: empty for the task's metric only, else the metric and further objectives.
        fidelities: lengths of training that an optimizer which trains from scratch may ask for, ascending, the last of which is that of
            `search_recipe`; empty for that alone. Longer trainings continue shorter ones.
    """

    task: str
    space: str = "nas-bench-201"
    optimizer: str = "darts"
    optimizer_params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    early_stopping: str = "none"
    architecture_selection: str = "argmax"
    recipe: Recipe = SMALL
    search_recipe: Recipe = SMALL
    budget: Mapping[str, float] = field(default_factory=lambda: {"queries": 10.0})
    subset_size: tuple[int | None, int | None] = (None, None)
    objectives: tuple[str, ...] = ()
    fidelities: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        renamed = SETTINGS.get(self.optimizer, {})
        params = with_new_names(self.optimizer_params, renamed, f"setting of {self.optimizer}")
        object.__setattr__(self, "optimizer_params", params)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Lengths of the trainings of a search from scratch, ascending."""
        return self.fidelities or (self.search_recipe.epochs,)

    @property
    def shares_weights(self) -> bool:
        """Whether the optimizer searches on a supernet; `hybrid` trains from scratch."""
        return find_searcher(self.optimizer) is not None

    @property
    def trains_finalists(self) -> bool:
        """Whether the optimizer searches on a supernet and selects by training its finalists alone."""
        searcher = find_searcher(self.optimizer)
        return searcher is not None and searcher.trains_finalists


def check_config(config: ExperimentConfig) -> None:
    """Raise NasbenchError for invalid configurations: unknown names, options out of range, or objectives, early
    stopping or architecture selection that would not apply.
    """
    if ":" not in config.optimizer and config.optimizer not in (*searcher_names(), *optimizer_names()):
        raise unknown_name("optimizer", config.optimizer, (*searcher_names(), *optimizer_names()))
    if config.shares_weights and len(config.objectives) > 1:
        raise NasbenchError(
            f"{config.optimizer} searches on shared weights for one objective; several need an optimizer that trains alone, "
            "such as hybrid or nsga2."
        )
    if config.architecture_selection not in SELECTIONS:
        raise NasbenchError(
            f"There is no selection {config.architecture_selection!r}; it should be one of {', '.join(SELECTIONS)}."
        )
    _check_fidelities(config)
    _check_space(config)
    rule = EarlyStopping.parse(config.early_stopping).rule
    if not config.shares_weights and (rule, config.architecture_selection) != ("none", "argmax"):
        raise NasbenchError(
            f"Early stopping and selection belong to searches on shared weights, and {config.optimizer} trains alone; "
            "leave out --early-stopping and --architecture-selection."
        )
    if config.trains_finalists and config.architecture_selection != "argmax":
        raise NasbenchError(
            f"{config.optimizer} selects by training its finalists alone; leave out --architecture-selection."
        )
    if config.shares_weights:
        get_searcher(config.optimizer, config.optimizer_params)
    else:
        _check_optimizer(config)


def _check_fidelities(config: ExperimentConfig) -> None:
    """Raise NasbenchError unless the fidelities ascend to the epochs of the search recipe, and the optimizer trains alone."""
    given = config.fidelities
    if given and config.shares_weights:
        raise NasbenchError(f"{config.optimizer} searches on shared weights, which have no fidelities; leave them out.")
    if given and not (given[0] > 0 and list(given) == sorted(set(given)) and given[-1] == config.search_recipe.epochs):
        raise NasbenchError(
            f"The fidelities are {', '.join(map(str, given))}; they should ascend from 1 or more to the {config.search_recipe.epochs} epochs of a "
            "training in the search."
        )


def _check_optimizer(config: ExperimentConfig) -> None:
    """Construct an optimizer that trains from scratch on a dummy benchmark, without data or queries."""
    space = get_networks(config.space).make_space()
    evaluator = _Unmeasured(space, lambda architectures: np.zeros(len(architectures)))
    evaluator.live_space = config.space
    protocol = SearchProtocol(
        objectives=config.objectives or ("error",),
        split="search",
        epochs=config.epochs,
        training_seed="random",
        repeat_policy="cache",
        budget=Budget(dict(config.budget)),
    )
    evaluator.cheap = (False,) * len(protocol.objectives)
    problem = Problem(evaluator, protocol, config.seed, (0,))
    get_optimizer(config.optimizer).create(problem, Streams(config.seed, (0,)), config.optimizer_params)


class _Unmeasured(FunctionEvaluator):
    """Zeros for everything that a live task could be asked for."""

    live_space = ""

    def known(self, name: str) -> KnownQuantity:
        check_known(name, self.live_space)
        return KnownQuantity(lambda architectures: np.zeros(architectures.shape[:-1]))


def _check_space(config: ExperimentConfig) -> None:
    """Raise NasbenchError for a space that is unknown, cannot share weights, or has a cap for another width."""
    own = get_cell_networks(config.space) if config.shares_weights else get_networks(config.space)
    if isinstance(own, ConvNetworks):
        for recipe in (config.search_recipe, config.recipe):
            own.check(recipe.channels)


def upgraded_config(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of `config_as_dict`, possibly of the first edition, with current names."""
    config = stored_with_new_names(stored, CONFIG)
    for name in ("supernet", "recipe", "search_recipe"):
        if isinstance(config.get(name), Mapping):
            config[name] = stored_with_new_names(config[name], RECIPE)
    if isinstance(config.get("optimizer_params"), Mapping):
        renamed = SETTINGS.get(str(config.get("optimizer")), {})
        config["optimizer_params"] = stored_with_new_names(config["optimizer_params"], renamed)
    if isinstance(config.get("early_stopping"), str):
        config["early_stopping"] = str(EarlyStopping.parse(config["early_stopping"]))
    return config


def config_as_dict(config: ExperimentConfig) -> dict[str, Any]:
    """Return a configuration as JSON-compatible data."""
    plain = asdict(replace(config, optimizer_params={}, budget={}))
    if not config.objectives:
        del plain["objectives"]  # so that folders written before multiple objectives existed are resumed
    if not config.fidelities:
        del plain["fidelities"]  # likewise
    plain["early_stopping"] = str(EarlyStopping.parse(config.early_stopping))
    return {
        **plain,
        "optimizer_params": dict(config.optimizer_params),
        "budget": dict(config.budget),
        "subset_size": list(config.subset_size),
    }
