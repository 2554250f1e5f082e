"""The methods section, written from the study: enough to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.benchmarks.views import View
from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.display_names import SUITE_NAMES, DisplayNames
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import exposure, scored_by
from nasbench.reports.wording import join_names, pluralize
from nasbench.search.constraints import join
from nasbench.search.no_repeats import MOST_ASKS
from nasbench.search.parallelism import Parallelism

REPEATS = {
    "retrain": "An architecture that is queried again is trained again, with a new training seed, and charged again.",
    "cache": "An architecture that is queried again returns what it returned before and costs nothing.",
    "cache_isomorphic": "An architecture isomorphic to one that was trained before returns the value of that one and costs nothing.",
}
SEEDS = {
    "random": "A query is answered by one of the trained seeds, drawn anew for each run and architecture and equal for all optimizers in the same run.",
    "mean": "A query is answered by the mean over the trained seeds, so the search observes no noise.",
}


def methods(
    results: Results, evaluations: Sequence[BenchmarkEvaluation], names: DisplayNames = SUITE_NAMES
) -> tuple[str, ...]:
    """Return the paragraphs on the protocol, the scores and the statistics."""
    return (
        _protocol(results, evaluations, names),
        *_constraints(results),
        _scores(results, evaluations),
        _times(evaluations),
    )


def _protocol(results: Results, evaluations: Sequence[BenchmarkEvaluation], names: DisplayNames) -> str:
    study, scorings = results.study, [e.scoring for e in evaluations]
    counts = (
        f"{pluralize(len(study.methods), 'optimizer')} on {pluralize(len(results.benchmarks), 'benchmark')} "
        f"({', '.join(results.benchmarks)}), {pluralize(study.runs, 'run')} each"
    )
    if results.recorded:
        return f"{counts}, of at most {budget_text(results)}. {results.recorded.protocol}"
    lengths = list(dict.fromkeys(s.training for s in scorings if s.training))
    splits = list(dict.fromkeys(s.searched for s in scorings if s.searched))
    seeds = SEEDS.get(str(study.training_seed), f"A query is answered by training seed {study.training_seed}.")
    if all(s.kind != "table" for s in scorings):
        seeds = f"A query is answered by the {scored_by(scorings)}."
    return (
        f"{counts}, with the study seed {study.seed}. "
        + objectives_of(study.objectives, evaluations[0].views)
        + (f"; search split: {join_names(splits)}" if splits else "")
        + (f"; training length: {join_names(lengths)}. " if lengths else ". ")
        + f"A run ends at {budget_text(results)}; {_crossing(study.parallelism)}. {REPEATS[study.repeat_policy]} {seeds}"
        + _machines(study.parallelism)
        + _repeats([names.optimizer(entry.label) for entry in study.methods if entry.no_repeats])
        + _given(results)
    )


def _crossing(parallelism: Parallelism) -> str:
    if parallelism.machines == 1:
        return "the query that crosses the limit counts"
    return "trainings that have started by then finish and count"


def _machines(parallelism: Parallelism) -> str:
    """Return sentences on simulated machines; empty where one training follows the other."""
    if not parallelism.is_simulated:
        return ""
    number = parallelism.machines
    if parallelism.batch_size is None:
        how = f"Each run has {number} simulated workers: one comes back when the recorded time of its training is over, and is given the next proposal at once."
    else:
        how = f"Each run trains {pluralize(number, 'proposal')} at a time on simulated machines, and awaits the longest training."
    return (
        f" {how} The simulated clock leaves out the optimizer's own time. Optimizers that are neither asynchronous nor have a rule for "
        f"batches are asked through the constant liar (Ginsbourger, Le Riche and Carraro 2010) with the {parallelism.lie} of the results so far."
    )


def _constraints(results: Results) -> tuple[str, ...]:
    """Return the paragraph on the constraints of a study, if it has any."""
    study = results.study
    if not study.constraints:
        return ()
    limits = results.problem_limits
    known = [one for one, is_known in zip(limits.constraints, limits.is_known, strict=True) if is_known]
    measured = [one for one in study.constraints if one not in known]
    several = len(study.objectives) > 1
    return (
        f"{'Constraint' if len(study.constraints) == 1 else 'Constraints'}: {join(study.constraints)}. "
        + (f"Known before a query, and so part of the space that is searched: {join(known)}. " if known else "")
        + (
            f"Measured, on the {study.split} split where there are splits: {join(measured)}. An optimizer without a rule of its own is told of an "
            "infeasible architecture objectives beyond the worst, by the constraint violation (Deb 2000). "
            if measured
            else ""
        )
        + "The optimum, ranks and mean are those of the architectures that satisfy the constraints"
        + (", and so are fronts and hypervolume" if several else "")
        + ". Before the first feasible query, and where its choice truly violates a constraint, a run is given the score of the worst feasible "
        "architecture.",
    )


def _repeats(wrapped: Sequence[str]) -> str:
    """Return sentences on optimizers that evaluate nothing twice; empty if there is none."""
    if not wrapped:
        return ""
    return (
        f" {join_names(wrapped)} evaluated no architecture twice in a run: a proposal that the run had evaluated was answered from its "
        f"history, without a query, and the optimizer asked again; after {MOST_ASKS} proposals without a new architecture one was drawn "
        'uniformly from those not evaluated (operator "substitute").'
    )


def _given(results: Results) -> str:
    """Return sentences on evaluations that runs were given before their first query; empty if there were none."""
    given, study = results.study.warm_start, results.study
    if given is None:
        return ""
    told = []
    for benchmark in results.benchmarks:
        rows, own = given.rows(benchmark)
        protocol = results.protocol(benchmark)
        values = given.objectives(rows, results.benchmark(benchmark), protocol)[:, 0]
        view = results.oracle(benchmark).views[0]
        whose = "the same problem" if own else "another problem or of one not named"
        told.append(
            f"on {benchmark} {pluralize(len(rows), 'evaluation')} of {whose}, {view.best} {study.objectives[0]} {view(values.min()):.6g}"
            + (", feasible or not" if study.constraints else "")
        )
    split = ", each run those with its number" if "run" in given.rows(results.benchmarks[0])[0] else ""
    return (
        f" Runs were told evaluations before their first query, from {given.source} (SHA-256 {given.sha256[:12]}){split}: {'; '.join(told)}. "
        "They cost nothing, are no queries and stand in no trace; incumbents, scores and times to a target count what a run queried itself."
    )


def _scores(results: Results, evaluations: Sequence[BenchmarkEvaluation]) -> str:
    scorings = [e.scoring for e in evaluations]
    several = len(results.protocol(results.benchmarks[0]).epochs) > 1
    time = ""
    if all(e.is_exact for e in evaluations):
        time = " A closed form trains nothing; a budget in seconds charges one second per query."
    elif any("train_seconds" in e.accounts for e in evaluations):
        time = " Simulated training time is the sum of the recorded times of the trainings."
    return (
        f"The incumbent is the architecture with the {evaluations[0].view.best} observed first objective so far"
        + (" at the highest fidelity reached so far" if several else "")
        + ("; under constraints, of the feasible ones" if results.study.constraints else "")
        + f". It is scored by its {scored_by(scorings)}. "
        + "".join(f"{sentence} " for sentence in exposure(scorings))
        + f"Regret is {_regret(evaluations)}."
        + time
    )


def _times(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    targets = "; ".join(f"{t.name} ({_criterion(t.criterion)})" for t in evaluations[0].targets)
    main = NAMES[evaluations[0].main]
    return (
        f"Targets, fixed before any run was read: {targets}. Time to a target includes the query that reaches it; a run that ends before is censored "
        f"there. The summary, curves and robustness analysis measure cost in {main}, which the budget limits. Success rates, restricted means (the "
        "area under the Kaplan-Meier curve), expected running times and log-rank tests use one horizon for all optimizers on a data set: the "
        "budget where every run that missed the target was followed up to it, otherwise the least cost at which such a run stopped."
    )


def objectives_of(names: Sequence[str], views: Sequence[View]) -> str:
    """Return the objectives and which way each is better."""
    if all(view.direction == "min" for view in views):
        return f"Objectives, all minimised: {', '.join(names)}"
    said = (f"{name} ({view.direction}imised)" for name, view in zip(names, views, strict=True))
    return "Objectives: " + ", ".join(said)


def _regret(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    best = f"the score of the {best_architecture(evaluations)}"
    return f"{best} minus that score" if evaluations[0].view.direction == "max" else f"that score minus {best}"


def settings_of(results: Results, names: DisplayNames) -> Mapping[str, str]:
    """Return the settings of every optimizer that differ from its defaults, by its display name."""
    if results.recorded:
        return {}
    return {
        names.optimizer(entry.label): f"{entry.name}: "
        + (", ".join(f"{k} = {v!r}" for k, v in entry.settings.items()) or "defaults")
        + ("; without repeats" if entry.no_repeats else "")
        for entry in results.study.methods
    }


def _criterion(criterion: str) -> str:
    return "when it is queried" if criterion == "queried" else "when the incumbent meets it"


def budget_text(results: Results) -> str:
    """Return the budget of a run in words."""
    return ", ".join(
        _amount(limit, account.replace("_", " ")) for account, limit in results.study.budget.limits.items()
    )


def _amount(limit: float, account: str) -> str:
    """Return `1 query`, `2,000,000 train seconds`, `0.5 epochs`."""
    if limit == 1:
        return f"1 {account.removesuffix('ies')}y" if account.endswith("ies") else f"1 {account.removesuffix('s')}"
    return f"{limit:,.0f} {account}" if float(limit).is_integer() else f"{limit:,g} {account}"
