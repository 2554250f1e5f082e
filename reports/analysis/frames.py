"""Results as data frames and as a figure, for notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.benchmarks.oracle import ConstrainedOracle
from nasbench.benchmarks.views import AS_IT_IS
from nasbench.errors import NasbenchError
from nasbench.files.atomic import replacing
from nasbench.reports.analysis.feasibility import final_scores
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.traces import at_budgets
from nasbench.search.constraints import FEASIBLE
from nasbench.study.live_config import is_live, task_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def to_pandas(results: Results) -> pd.DataFrame:
    """Return all traces as one frame, a row per query, sorted by problem, method, run and query.

    Columns: `method`, `problem`, `run`, `query` (from 0 within the run), `architecture` (its string), `epochs`, `training_seed`, one
    column per objective (as users see it: an accuracy as accuracy), `incumbent` (the first objective of the best architecture observed
    so far, as observed), `regret` (true score of the incumbent above the best of the benchmark, in the unit of the objective; NaN on a
    live task, whose optimum is not known), `charged_seconds`, and `operator` where methods say which of their operators proposed a query. A study with
    workers or batches has `worker` and `wall_seconds`, the simulated clock when the result came back.

    Studies under constraints add the quantities that are constrained and no objectives, as users see them, and `feasible`; `incumbent` and
    `regret` are NaN before the first feasible query, and `regret` where the incumbent truly violates a constraint.

    A search on shared weights has a row per epoch, with the score of the supernet on the search split, and a row for each finalist that
    it trained alone.
    """
    problems = [problem for problem in results.study.problems if problem not in results.store.skipped]
    return pd.concat([_cell(results, p, label) for p in problems for label in results.labels], ignore_index=True)


def to_parquet(results: Results, path: Path) -> Path:
    """Write all traces as one tidy Parquet file; see `to_pandas`. What few names repeat is dictionary-encoded.

    The metadata of the file have the study as TOML (`nasbench.study`), where the suite ran it, and the units of the objectives.

    Raises:
        NasbenchError: if the file cannot be written.
    """
    frame = to_pandas(results)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in (one for one in ("method", "problem", "architecture", "operator") if one in frame):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].dictionary_encode())
    units = {
        problem: dict(zip(results.study.objectives, results.oracle(problem).units, strict=True))
        for problem in results.benchmarks
    }
    metadata = {"nasbench.units": json.dumps(units)} | (
        {} if results.recorded else {"nasbench.study": results.study.to_toml()}
    )
    try:
        with replacing(path) as stream:
            pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata}), stream)
    except OSError as fault:
        raise NasbenchError(f"The runs cannot be written to {path} ({fault.strerror}); choose another file.") from None
    return path


def best(results: Results) -> pd.DataFrame:
    """Return a row for each problem and method: the run, query and architecture of the best first objective that was observed.

    Under constraints the best is that of the feasible queries; a method without any has no row.

    Columns as in `to_pandas`; `regret` is the true one of that architecture. The best among many noisy observations is observed too
    well on average: compare methods by `regret` over all runs, not by this.
    """
    frame = to_pandas(results)
    views = {problem: results.oracle(problem).views[0] for problem in results.benchmarks}
    maximised = [problem for problem, view in views.items() if view.direction == "max"]
    first = results.study.objectives[0]
    rows = []
    for (problem, _), cell in frame.groupby(["problem", "method"], sort=False):
        feasible = cell[cell[FEASIBLE]] if results.study.constraints else cell
        longest = feasible[feasible["epochs"] == feasible["epochs"].max()]
        if longest.empty:
            continue
        values = longest[first]
        rows.append(longest.loc[values.idxmax() if problem in maximised else values.idxmin()])
    chosen = ["problem", "method", "run", "query", "architecture", *results.study.objectives, "regret"]
    return pd.DataFrame(rows, columns=frame.columns)[chosen].reset_index(drop=True)


def plot(results: Results, account: str = "") -> Figure:
    """Return a figure of regret against what was spent, a panel a problem: the median over the runs, with quartiles.

    Args:
        results: of a finished study.
        account: what was spent: "queries", "unique_queries", "epochs", "train_seconds", "wall_seconds"; the budget's if none.
    """
    from matplotlib.figure import Figure

    problems = results.benchmarks
    if not problems:
        raise NasbenchError(
            f"{results.study.name} has live tasks only, whose optimum is not known, so that there is no regret to plot; "
            "to_pandas() has their incumbents, and a report draws their search curves."
        )
    spent_on = account or next((name for name in results.study.budget.limits if name != "optimizer_seconds"), "queries")
    figure = Figure(figsize=(4.5 * len(problems), 3.5), layout="constrained")
    panels = figure.subplots(1, len(problems), squeeze=False)[0]
    for panel, problem in zip(panels, problems, strict=True):
        oracle = results.oracle(problem)
        for label in results.labels:
            traces = results.traces(problem, label)
            spent = traces.spent(spent_on)
            grid = np.unique(spent[traces.answered])
            regret = final_scores(traces, oracle, traces.incumbents) - oracle.best_score
            low, middle, high = np.nanquantile(at_budgets(regret, spent, grid), (0.25, 0.5, 0.75), axis=0)
            (line,) = panel.step(grid, middle, where="post", label=label)
            panel.fill_between(grid, low, high, step="post", alpha=0.2, color=line.get_color())
        panel.set_title(problem)
        panel.set_xlabel(spent_on.replace("_", " ").capitalize())
        panel.set_ylabel(f"Regret of the incumbent [{oracle.units[0]}]")
    panels[0].legend()
    return figure


def _cell(results: Results, problem: str, label: str) -> pd.DataFrame:
    if is_live(problem):
        traces, units = results.live.traces(task_of(problem), label), results.live.units(task_of(problem), label)
        views = [AS_IT_IS] * len(results.study.objectives)
        regret = np.full(traces.shape, np.nan)
    else:
        traces, units = results.traces(problem, label), results.units(problem, label)
        oracle = results.oracle(problem)
        views, regret = list(oracle.views), oracle.score(traces.incumbents) - oracle.best_score
    stored = pd.concat([results.store.read(unit).to_pandas() for unit in units])
    answered = traces.answered
    seen = np.take_along_axis(traces.observed[:, :, 0], traces.incumbent_at, axis=1)
    seen = np.where(traces.incumbents >= 0, seen, np.nan)
    columns = {
        "method": label,
        "problem": problem,
        "run": stored["run"].to_numpy(),
        "query": stored["query"].to_numpy(),
        "architecture": stored["architecture"].astype(str).to_numpy(),
        "epochs": stored["epochs"].to_numpy(),
        "training_seed": stored["training_seed"].to_numpy(),
        **{name: view(stored[name].to_numpy()) for name, view in zip(results.study.objectives, views, strict=True)},
        **(_constraint_columns(results, problem, stored) if traces.feasible is not None else {}),
        "incumbent": views[0](seen[answered]),
        "regret": regret[answered],
        "charged_seconds": traces.charged_seconds[answered],
    }
    if traces.wall_seconds is not None:
        columns |= {"worker": stored["worker"].to_numpy()} if "worker" in stored else {}
        columns["wall_seconds"] = traces.wall_seconds[answered]
    if traces.operator is not None:
        columns["operator"] = traces.operator[answered]
    return pd.DataFrame(columns)


def _constraint_columns(results: Results, problem: str, stored: pd.DataFrame) -> dict[str, np.ndarray]:
    views = cast(ConstrainedOracle, results.oracle(problem)).constraint_views
    further = {name: view for name, view in views.items() if name not in results.study.objectives}
    return {
        **{name: view(stored[name].to_numpy()) for name, view in further.items()},
        FEASIBLE: stored[FEASIBLE].to_numpy(),
    }
