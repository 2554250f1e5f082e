"""The methods section, written from the study: enough to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.checklist import budget_text
from reports.evaluation import BenchmarkEvaluation
from reports.results import Results
from reports.tables.comparison import scored_by

REPEATS = {
    "charged": "An architecture that is queried again is trained again, with a new training seed, and charged again.",
    "cached": "An architecture that is queried again returns what it returned before and costs nothing.",
    "isomorphic": "An architecture whose function was trained before returns what that one returned and costs nothing.",
}
SEEDS = {
    "random": "A query is answered by one of the trained seeds, drawn anew for each run and architecture and equal for all optimizers in the same run.",
    "mean": "A query is answered by the mean over the trained seeds, so that the search meets no noise.",
}


def methods(results: Results, evaluations: Sequence[BenchmarkEvaluation]) -> tuple[str, ...]:
    """Paragraphs on the protocol, the scores and the statistics."""
    study = results.study
    epochs = ", ".join(dict.fromkeys(f"{e}" for b in study.benchmarks for e in results.setting(b).epochs))
    seeds = SEEDS.get(str(study.training_seed), f"A query is answered by training seed {study.training_seed}.")
    if all(e.is_exact for e in evaluations):
        seeds = "A query is answered by the exact value."
    count = len(study.optimizers)
    protocol = (
        f"{count} optimizer{'s' if count > 1 else ''} searched {len(study.benchmarks)} benchmark{'s' if len(study.benchmarks) > 1 else ''} "
        f"({', '.join(study.benchmarks)}), {study.runs} run{'s' if study.runs > 1 else ''} each, with the study seed {study.seed}. "
        f"Objectives, all minimised: {', '.join(study.objectives)}; search split: {study.split}; training length: {epochs} epochs. "
        f"A run ends at {budget_text(results)}; the query that crosses the limit counts. {REPEATS[study.repeats]} {seeds}"
    )
    several = len(results.setting(study.benchmarks[0]).epochs) > 1
    scores = (
        "The incumbent is the architecture with the lowest observed first objective so far"
        + (" at the highest fidelity reached so far" if several else "")
        + f". Reports score it by its {scored_by(evaluations)}"
        + (", a split that no optimizer sees. " if all(e.split == "test" for e in evaluations) else ". ")
        + "Regret is that score minus the best score of all architectures. "
        + (
            "A closed form trains nothing; a budget in seconds charges it one second a query."
            if all(e.is_exact for e in evaluations)
            else "Simulated training time is what the table records for each training, summed."
        )
    )
    targets = "; ".join(f"{t.name} ({_criterion(t.criterion)})" for t in evaluations[0].targets)
    times = (
        f"Targets, fixed before any run was read: {targets}. Time to a target includes the query that reaches it; a run that ends before is censored "
        "there. Restricted means integrate the Kaplan-Meier curve up to a horizon common to all optimizers of a data set."
    )
    return protocol, scores, times


def settings_of(results: Results) -> Mapping[str, str]:
    """Settings of every optimizer that differ from its defaults, by label."""
    return {
        entry.label: f"{entry.name}: " + (", ".join(f"{k} = {v!r}" for k, v in entry.settings.items()) or "defaults")
        for entry in results.study.optimizers
    }


def _criterion(criterion: str) -> str:
    return "when it is queried" if criterion == "queried" else "when the incumbent is within it"
