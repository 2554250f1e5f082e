"""The hypothesis about a trained network: from the files of evidence that `nasbench.live.evidence` wrote, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.sealed import digest
from nasbench.live.evidence.record import read_record
from nasbench.live.evidence.registration import FOLDER, EvidenceRegistration, covering, registrations
from nasbench.live.evidence.summary import accuracy, judge
from nasbench.reports.hypotheses.statements import TrainedNetwork
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, Outcome, Part, not_run
from nasbench.reports.statistics.result import Undefined

TABLE_BEST = 94.37
"""Best mean test accuracy of NAS-Bench-201 on CIFAR-10 in %, published and found in the reference table."""

NO_CELL = f"no cell of NAS-Bench-201 as tabulated can reach it (the table's best is {TABLE_BEST:g}%), so only a larger network, trained, can"
REMEDY = "run `python -m nasbench.live.evidence`, on one GPU or with `--device cpu`"


def judge_training(hypothesis: TrainedNetwork, folder: Path, hypotheses: Path = FOLDER) -> HypothesisVerdict:
    """Judge a hypothesis of the kind "trained network" by the files `PLAN.json` in a folder, each under its registration.

    A plan whose registered seeds are not all trained decides nothing. One plan on which the hypothesis holds is enough.

    Raises:
        NasbenchError: if a file is damaged, was changed after it was written, or is of no registered plan, settings and
            sources.
    """
    plans: Sequence[str] = hypothesis.plans
    found = {plan: folder / f"{plan}.json" for plan in plans if (folder / f"{plan}.json").is_file()}
    records = {plan: _registered(plan, path, hypotheses) for plan, path in found.items()}
    target = hypothesis.target
    judged = {plan: _judged(plan, record, registration, target) for plan, (record, registration) in records.items()}
    whole = {plan: row for plan, row in judged.items() if row["verdict"] != "incomplete"}
    if not whole:
        return not_run(hypothesis, f"{_missing(hypothesis, folder, judged)}; {NO_CELL}", REMEDY)
    outcome = _outcome([row["verdict"] for row in whole.values()])
    parts = tuple(_part(plan, row, records[plan][0]) for plan, row in whole.items())
    bounds = "; ".join(
        f"{plan}: mean {row['mean']:.2f}% over {row['n']} seeds, lower bound {row['lower_95']:.2f}% (registered as {_standing(records[plan][1], hypotheses)})"
        for plan, row in whole.items()
    )
    change = (
        hypothesis.falsified_by
        if outcome == "holds"
        else f"another network or recipe, registered before it is trained; {NO_CELL}"
    )
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=hypothesis.target,
        parts=parts,
        evidence=f"{bounds}; {NO_CELL}",
        change=change,
    )


def _standing(registration: EvidenceRegistration, hypotheses: Path) -> str:
    """Return the name of a registration, and other registrations of its plan without evidence here, for transparency."""
    others = [r.name for r in registrations(registration.plan, hypotheses) if r.name != registration.name]
    return f"{registration.name}; no evidence of {', '.join(others)} is judged" if others else registration.name


def _registered(plan: str, path: Path, hypotheses: Path) -> tuple[dict[str, Any], EvidenceRegistration]:
    """Return a plan's record and the registration under which it was made."""
    record = read_record(path)
    if record["plan"] != plan:
        raise NasbenchError(f"{path} is evidence of the plan {record['plan']!r}, not of {plan!r}; it decides nothing.")
    registration = covering(record, hypotheses)
    if registration is not None and record.get("registration") == registration.name:
        return record, registration
    if registration is not None:
        began = record.get("registration")
        raise NasbenchError(
            f"{path} was begun {'unregistered' if began is None else f'under {began}'}, before {registration.name}; it decides nothing."
        )
    known = registrations(record["plan"], hypotheses)
    if not known:
        raise NasbenchError(
            f"{path} is evidence of the plan {record['plan']!r}, which is not registered; it decides nothing."
        )
    differing = [
        words
        for key, words in (("settings_sha256", "settings"), ("sources_sha256", "sources"))
        if record[key] not in {getattr(registration, key) for registration in known}
    ]
    raise NasbenchError(
        f"{path} was made under other {' and '.join(differing) or 'pairs of settings and sources'} than are registered "
        f"({', '.join(registration.name for registration in known)}); it decides nothing."
    )


def _judged(plan: str, record: dict[str, Any], registration: EvidenceRegistration, target: float) -> dict[str, Any]:
    """Return the row of the found network, from its registered seeds, each once and as the registered settings say."""
    settings = registration.content["settings"]
    if settings.get("target") != target:
        raise NasbenchError(
            f"{registration.name} registers a target of {settings.get('target')}%, and the hypothesis is {target:g}%; it decides nothing."
        )
    seeds = list(settings["seeds"])
    of = [t for t in record["trainings"] if t.get("kind") == "found" and t.get("seed") in seeds]
    if len({t["seed"] for t in of}) < len(of):
        raise NasbenchError(f"The evidence of {plan} has a seed twice; make it again.")
    searched = _searched(plan, record["search"], settings) if of else None
    if any(t.get("architecture") != searched for t in of):
        raise NasbenchError(
            f"The evidence of {plan} has trainings of another architecture than was found; make it again."
        )
    accuracies = [accuracy(t, f"The evidence of {plan}, seed {t['seed']},") for t in of if "failed" not in t]
    for t in of:
        _check_training(f"The evidence of {plan}, seed {t['seed']},", t, settings)
    return {**judge(accuracies, target, len(seeds)), "failed": len(of) - len(accuracies)}


def _searched(plan: str, search: dict[str, Any] | None, settings: Mapping[str, Any]) -> str:
    """Return the architecture found by the registered search: the best of the registered number of queries."""
    rows = (search or {}).get("queries") or []
    distinct = {row.get("architecture") for row in rows}
    if search is None or len(distinct) != settings["queries"]:
        raise NasbenchError(
            f"The evidence of {plan} holds a search of {len(distinct)} architectures, and {settings['queries']} were registered; make it again."
        )
    best = min(rows, key=lambda row: row["search_error"])["architecture"]
    if search.get("architecture") != best:
        raise NasbenchError(
            f"The evidence of {plan} has found another architecture than its search did; make it again."
        )
    return str(best)


def _check_training(where: str, training: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise NasbenchError unless a training is of the registered recipe, epochs, views and device."""
    recipe = {**settings["recipe"], "seed": training["seed"]}
    if training.get("recipe_sha256") != digest(recipe):
        raise NasbenchError(f"{where} was trained by another recipe than is registered; make it again.")
    if "failed" in training:
        return
    views = recipe["test_time_flip"] or recipe["test_time_shift"]
    if (training.get("test_error_with_views") is not None) != bool(views):
        raise NasbenchError(f"{where} was scored over other views than are registered; make it again.")
    epochs = len(training.get("curve") or [])
    if epochs != recipe["epochs"]:
        raise NasbenchError(
            f"{where} was trained for {epochs} epochs, and {recipe['epochs']} are registered; make it again."
        )
    device = (training.get("environment") or {}).get("device_type")
    if device != settings["device"]:
        raise NasbenchError(f"{where} was trained on {device}, and {settings['device']} is registered; make it again.")


def _outcome(verdicts: Sequence[str]) -> Outcome:
    if "holds" in verdicts:
        return "holds"
    return "fails" if "fails" in verdicts else "not shown"


def _missing(hypothesis: TrainedNetwork, folder: Path, judged: dict[str, dict[str, Any]]) -> str:
    if not judged:
        return f"there is no evidence in {folder}"
    return " and ".join(
        f"{plan} has {row['n']} of its registered seeds" + (f", and {row['failed']} diverged" if row["failed"] else "")
        for plan, row in judged.items()
    )


def _part(plan: str, row: dict[str, Any], record: dict[str, Any]) -> Part:
    unknown = Undefined("one seed shows no variation between seeds")
    lower, upper = (unknown if row[key] is None else float(row[key]) for key in ("lower_95", "upper_95"))
    return Part(
        of=f"found network of {plan}, test accuracy in %",
        statistic=float(row["mean"]),
        lower=lower,
        upper=upper,
        n=row["n"],
        runs=digest(record)[:12],
    )
