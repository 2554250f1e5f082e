"""Words of the first edition and the field's terms that took their place: accepted in version 1, with a warning.

What a user may still have written lies here and nowhere else: settings of methods, keys of TOML files, options of commands,
columns of traces, accounts of a budget. Version 2.0 no longer reads them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasbench.errors import NasbenchError

WITHOUT = "2.0"
"""The first release that does not read the old words."""


class RenamedWarning(FutureWarning):
    """An old word was read; the message names the new one."""


@dataclass(frozen=True)
class New:
    """What an old word is called now.

    Attributes:
        name: the new word.
        values: old value to new value, where these changed too.
    """

    name: str
    values: Mapping[Any, Any] = field(default_factory=dict)


_POPULATION = {
    "population": New("population_size"),
    "crossover": New("crossover_prob"),
    "mutation": New("mutation_prob"),
}

SETTINGS: Mapping[str, Mapping[str, New]] = {
    "hybrid": {
        "initial": New("n_initial_samples"),
        "exploration": New("epsilon"),
        "surrogate": New("use_surrogate"),
        "gradient": New("use_gradient"),
        "evolution": New("use_evolution"),
        "paths": New("path_features"),
        "canonical": New("merge_isomorphic"),
        "beta": New("ucb_beta"),
        "cooling": New("ucb_beta_decay_start"),
        "spread": New("hyperprior_sigma"),
        "rough": New("kernel", {True: "matern52", False: "rbf"}),
        "brood": New("n_candidates"),
        "climb": New("acquisition_ascent_steps"),
        "share": New("surrogate_probability"),
        "floor": New("min_operator_probability"),
        "pursuit": New("scheduler_learning_rate"),
        "population": New("population_size"),
        "crossover": New("crossover_prob"),
        "guidance": New("guided_mutation_prob"),
        "rate": New("eg_learning_rate"),
        "theta_floor": New("theta_uniform_mix"),
        "directions": New("n_scalarizations"),
    },
    "hybrid_supernet": {
        "rate": New("eg_learning_rate"),
        "floor": New("theta_uniform_mix"),
        "population": New("population_size"),
        "offspring": New("n_offspring"),
        "guidance": New("guided_mutation_prob"),
        "crossover": New("crossover_prob"),
        "interval": New("gradient_interval"),
        "examples": New("scoring_subset_size"),
        "finalists": New("n_finalists"),
        "gradient": New("use_gradient"),
        "evolution": New("use_evolution"),
    },
    "simulated_annealing": {
        "acceptance": New("initial_acceptance_prob"),
        "cooling": New("temperature_decay"),
        "moves": New("proposals_per_temperature"),
    },
    "regularized_evolution": {"population": New("population_size"), "sample": New("tournament_size")},
    "nsga2": _POPULATION,
    "nsga3": _POPULATION,
    "sms_emoa": _POPULATION,
    "asng": {
        "samples": New("samples_per_step"),
        "alpha": New("snr_threshold"),
        "step": New("initial_step_size"),
    },
    "bananas": {
        "initial": New("n_initial_samples"),
        "batch": New("batch_size"),
        "candidates": New("n_candidates"),
        "parents": New("n_parents"),
        "members": New("ensemble_size"),
        "steps": New("training_steps"),
    },
    "gp_bo": {
        "initial": New("n_initial_samples"),
        "edges": New("edge_weight"),
        "paths": New("path_weight"),
        "target": New("target_transform"),
        "pool": New("n_candidates"),
    },
    "bohb": {"good_share": New("top_fraction"), "samples": New("n_candidates")},
    "tpe": {"initial": New("n_initial_samples"), "candidates": New("n_candidates")},
    "quantum_inspired": {
        "population": New("population_size"),
        "angle": New("rotation_angle"),
        "groups": New("n_groups"),
        "migration": New("migration_period"),
    },
    "random_search": {"batch": New("batch_size")},
    "one_plus_one_ea": {"rate": New("mutation_rate")},
    "progressive": {"beam": New("beam_width")},
    "successive_halving": {"configurations": New("n_configurations")},
}
"""Settings of methods, by the method's registered name."""

ACCOUNTS: Mapping[str, New] = {
    "nonisomorphic_queries": New("unique_isomorphic_queries"),
    "own_seconds": New("optimizer_seconds"),
}
"""Accounts of a budget."""

COLUMNS: Mapping[str, str] = {
    "first": "is_new_architecture",
    "fresh": "is_new_isomorphism_class",
    "cost": "charged_seconds",
    "proposer": "operator",
}
"""Columns of the traces of the first edition; read without a warning, since stored results do not change."""

ARCHITECTURE_SELECTION: Mapping[str, str] = {"derive": "argmax"}
"""How the architecture is read off a supernet."""

REPEATS: Mapping[str, str] = {"charged": "retrain", "cached": "cache", "isomorphic": "cache_isomorphic"}
"""Policies for repeated queries."""

STUDY: Mapping[str, New] = {
    "chunk": New("runs_per_file"),
    "repeats": New("repeat_policy", REPEATS),
    "benchmarks": New("problems"),
    "optimizers": New("methods"),
    "stopping": New("early_stopping"),
    "selection": New("architecture_selection", ARCHITECTURE_SELECTION),
    "examples": New("subset_size"),
}
"""Keys of a study file."""

HYPOTHESIS: Mapping[str, New] = {
    "rule": New("decision_rule"),
    "change": New("falsified_by"),
    "cap": New("query_cap"),
    "without": New("ablated_label"),
}
"""Keys of a registered hypothesis."""

JUDGEMENT: Mapping[str, New] = {"claim": New("hypothesis")}
"""Keys of what `nasbench claims --json` printed; read without a warning, since stored results do not change."""

RECIPE: Mapping[str, New] = {"average": New("ema_decay"), "batch": New("batch_size")}
"""Keys of a training recipe, and of the training of a supernet."""

CONFIG: Mapping[str, New] = {
    "options": New("optimizer_params"),
    "settings": New("supernet"),
    "stopping": New("early_stopping"),
    "selection": New("architecture_selection", ARCHITECTURE_SELECTION),
    "examples": New("subset_size"),
}
"""Fields of the configuration of a live search, in folders that the first edition wrote."""

EARLY_STOPPING: Mapping[str, str] = {"skips": "max-skip-connections"}
"""Rules that end a search on shared weights; read without a warning."""

COMMANDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("claims",): ("hypotheses",),
    ("join",): ("federated", "join"),
}
"""Commands by their words."""

_FEDERATED = {
    "--option": New("--optimizer-param"),
    "--examples": New("--subset-size"),
    "--dropout": New("--client-dropout"),
    "--stragglers": New("--straggler-fraction"),
    "--compare": New("--compare-seeds"),
    "--patience": New("--client-timeout"),
}

OPTIONS: Mapping[str, Mapping[str, New]] = {
    "verify": {"--faults": New("--mutants")},
    "report": {"--include": New("--include-json")},
    "search": {
        "--rank": New("--rank-correlation"),
        "--stopping": New("--early-stopping"),
        "--selection": New("--architecture-selection", ARCHITECTURE_SELECTION),
        "--option": New("--optimizer-param"),
        "--examples": New("--subset-size"),
        "--seconds": New("--time-budget-seconds"),
    },
    "federated": _FEDERATED,
    "tune": {
        "--copies": New("--perturbed-copies"),
        "--correlation": New("--copy-correlation"),
        "--goal": New("--metric", {"top-10": "queries-to-top-10", "regret": "final-regret"}),
        "--repeats": New("--repeat-policy", REPEATS),
        "--wait": New("--worker-timeout"),
    },
    "run": {"--wait": New("--worker-timeout")},
    "data": {"--trusted": New("--allow-unsafe-pickle")},
}
"""Options by the first word of their command."""


def with_new_names(given: Mapping[str, Any], renamed: Mapping[str, New], where: str) -> dict[str, Any]:
    """Return what was given under the names of today, and warn of each old one.

    Args:
        given: name to value, as somebody wrote them.
        renamed: old name to new, one of the tables of this module.
        where: what the names belong to, as in "setting of hybrid" or "key of s.toml".

    Raises:
        NasbenchError: if a value is given under its old and its new name.
    """
    named: dict[str, Any] = {}
    for name, value in given.items():
        new = renamed.get(name)
        if new is None:
            named[name] = value
            continue
        if new.name in given:
            raise NasbenchError(f"The {where} {new.name} is given twice, once by its old name {name}; remove {name}.")
        _warn(f"the {where} {name} is called {new.name} now")
        named[new.name] = _renamed_value(value, new)
    return named


def stored_with_new_names(stored: Mapping[str, Any], renamed: Mapping[str, New]) -> dict[str, Any]:
    """Return what a file of the first edition holds under the names of today; nobody wrote it, so nothing is said of it."""
    new = {name: renamed.get(name, New(name)) for name in stored}
    return {new[name].name: _renamed_value(value, new[name]) for name, value in stored.items()}


def with_new_words(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command line with commands and options as they are called today, and warn of each old one."""
    words = list(arguments)
    for old, new in COMMANDS.items():
        if tuple(words[: len(old)]) == old:
            _warn(f"the command {' '.join(old)} is called {' '.join(new)} now")
            words[: len(old)] = new
    if words[:1] == ["search"] and "--federated" in words:
        _warn("the command search --federated is called federated search now")
        words = ["federated", *(word for word in words if word != "--federated")]
    options = OPTIONS.get(words[0], {}) if words else {}
    for place, word in enumerate(words):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name not in options:
            continue
        new_option = options[name]
        _warn(f"the option {name} is called {new_option.name} now")
        words[place] = new_option.name + equals + str(_renamed_value(value, new_option))
        if not equals and new_option.values and place + 1 < len(words):
            words[place + 1] = str(_renamed_value(words[place + 1], new_option))
    return words


def _renamed_value(value: Any, new: New) -> Any:
    try:
        return new.values.get(value, value)
    except TypeError:  # a list or a table: no value that was renamed
        return value


def _warn(what: str) -> None:
    warnings.warn(f"{what}; version {WITHOUT} will not read the old word.", RenamedWarning, stacklevel=3)
