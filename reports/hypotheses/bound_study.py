"""Binding of studies: everything that determines the results of the runs, and differences between two such studies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nasbench.errors import quoted
from nasbench.reports.hypotheses.statements import Baseline, StudyHypothesis
from nasbench.search.registry import optimizer_names, registered_optimizer
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig

UNBOUND = ("schema", "name", "description", "runs_per_file", "added_at")
"""Keys of a study on which no run depends: each has a stream of its own."""


def bound_study(study: Study) -> dict[str, Any]:
    """Return a study as plain data, with every setting of every method."""
    kept = {key: value for key, value in study.to_mapping().items() if key not in UNBOUND}
    return {**kept, "methods": [_bound_method(method) for method in study.methods]}


def is_bound_study(study: Any) -> bool:
    """Return whether plain data say what `bound_study` returns: a study with its methods, budget, seed and runs."""
    if not isinstance(study, Mapping) or not isinstance(study.get("budget"), Mapping):
        return False
    methods = study.get("methods")
    return (
        isinstance(methods, list | tuple)
        and all(isinstance(method, Mapping) and _is_bound_method(method) for method in methods)
        and all(isinstance(study.get(key), int) for key in ("seed", "runs"))
    )


def _is_bound_method(method: Mapping[str, Any]) -> bool:
    texts = all(isinstance(method.get(key), str) for key in ("name", "label", "sha256"))
    return texts and isinstance(method.get("settings"), Mapping)


def _bound_method(method: MethodConfig) -> dict[str, Any]:
    """Return a method as plain data; defaults are filled in where it is registered, and what is None is left out, as TOML must."""
    known = registered_optimizer(method.name).settings if method.name in optimizer_names() else {}
    settings = {name: value for name, value in {**known, **method.settings}.items() if value is not None}
    return {"name": method.name, "label": method.label, "sha256": method.sha256, "settings": settings}


def baseline_labels(hypothesis: StudyHypothesis, study: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of all methods of a bound study that a hypothesis names as baselines, in the order of the hypothesis."""
    found = [
        method["label"] for baseline in hypothesis.baselines for method in study["methods"] if _is(method, baseline)
    ]
    return tuple(label for label in dict.fromkeys(found) if label != hypothesis.method)


def absent_baselines(hypothesis: StudyHypothesis, study: Mapping[str, Any]) -> Iterator[str]:
    """Yield the baselines that a hypothesis names and no method of a bound study is, with their settings."""
    for baseline in hypothesis.baselines:
        if not any(_is(method, baseline) for method in study["methods"]):
            yield f"{baseline.name} {dict(baseline.settings)}" if baseline.settings else baseline.name


def _is(method: Mapping[str, Any], baseline: Baseline) -> bool:
    return method["name"] == baseline.name and all(
        method["settings"].get(key) == value for key, value in baseline.settings.items()
    )


def study_differences(registered: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a clause for each thing in which a study is not the registered one."""
    for key in (key for key in registered if key not in ("methods", "budget")):
        if found.get(key) != registered[key]:
            yield f"{key} is {quoted(found.get(key))} and {quoted(registered[key])} is registered"
    for key in (key for key in found if key not in registered):
        yield f"{key} is {quoted(found[key])} and is not registered"
    yield from _table_differences("the budget of {}", registered["budget"], found.get("budget", {}))
    theirs = {method["label"]: method for method in found.get("methods", ())}
    for method in registered["methods"]:
        label = method["label"]
        if label not in theirs:
            yield f"there is no method labelled {quoted(label)}, which is registered"
            continue
        other = theirs.pop(label)
        if other["name"] != method["name"]:
            yield f"what is labelled {quoted(label)} is {other['name']} and {method['name']} is registered"
            continue
        if other["sha256"] != method["sha256"]:
            yield f"the source of {quoted(label)} is another than is registered"
        yield from _table_differences(f"{{}} of {quoted(label)}", method["settings"], other["settings"])
    for label in theirs:
        yield f"the method {quoted(label)} is not registered"


def _table_differences(what: str, registered: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for key in dict.fromkeys((*registered, *found)):
        if registered.get(key) != found.get(key):
            yield (
                f"{what.format(key)} is {quoted(found.get(key, 'left out'))} "
                f"and {quoted(registered.get(key, 'left out'))} is registered"
            )
