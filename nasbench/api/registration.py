"""Register optimizers, benchmarks, tasks, tables and claims from a script or notebook, without packaging."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from nasbench import registered
from nasbench.api.benchmark import Benchmark
from nasbench.benchmarks.catalogue import is_taken
from nasbench.benchmarks.function_benchmark import VIEWS, FunctionBenchmark
from nasbench.benchmarks.python_function import PythonFunction
from nasbench.benchmarks.views import AS_IT_IS, View
from nasbench.errors import NasbenchError, quoted
from nasbench.search.methods import as_optimizer
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Space

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from nasbench.live.tasks.task import Task
    from nasbench.theory.machinery.claim import Check, Claim

T = TypeVar("T")

Decisions = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]
"""A space of a function: the choices of each decision, or decisions as in TOML."""


def register_optimizer(name: str) -> Callable[[T], T]:
    """Register the decorated class or function as an optimizer for studies, searches and the command line.

    See `nasbench.search.methods.as_optimizer` for the accepted kinds. Worker processes receive the object itself, so it
    may be defined in a notebook.

    Raises:
        NasbenchError: if the name is taken by an optimizer of the suite, or the decorated object is not an optimizer.

    Example:
        >>> import nasbench
        >>> @nasbench.register_optimizer("one_by_one")
        ... def one_by_one(problem, rng):
        ...     while True:
        ...         observations = yield problem.space.sample(rng.random((1, problem.space.d)))
        >>> nasbench.search("one_by_one", "onemax/6x2", budget=4).to_pandas()["method"].unique().tolist()
        ['one_by_one']
    """
    from nasbench.search.registry import optimizer_names

    if name in optimizer_names() and name not in registered.registered("optimizer"):
        raise NasbenchError(f"{name!r} is an optimizer that is installed; choose another name.")

    def add(thing: T) -> T:
        as_optimizer(thing, name)
        registered.add("optimizer", name, thing)
        return thing

    return add


def register_benchmark(
    name: str,
    space: Space | Decisions,
    *,
    objective: str = "error",
    unit: str = "%",
    direction: str = "min",
    optimum: float | None = None,
) -> Callable[[Callable[..., float]], Callable[..., float]]:
    """Register the decorated function as a benchmark.

    Args:
        name: name in studies and searches.
        space: a `Space`, whose architectures are passed as vectors `(d,)` of choices; or a mapping from each decision
            to its choices, which are passed as one keyword argument per decision; or, for numbers and conditions, a list of
            decisions as in `nasbench.spaces.decisions.from_mapping` (or the `MixedSpace` made of them), whose values are passed
            likewise, None for an inactive decision.
        objective: name of the value returned; "error" (in %) may also be searched as "accuracy".
        unit: unit of the values.
        direction: "min", or "max" if more is better.
        optimum: the best value, if known; otherwise spaces of up to 10,000 architectures are evaluated to find it, and in
            larger ones regret is relative to the best value that the runs recorded.

    Raises:
        NasbenchError: if the name is that of a benchmark of the suite.

    Example:
        >>> import nasbench
        >>> @nasbench.register_benchmark("bowl", {"width": [16, 32, 64], "depth": [1, 2, 3]})
        ... def bowl(width, depth):
        ...     return abs(width - 32) + abs(depth - 2)
        >>> float(nasbench.load_benchmark("bowl").query("32,2").loc[0, "value"])
        0.0
        >>> @nasbench.register_benchmark("tuned", [
        ...     {"name": "optimizer", "choices": ["adam", "sgd"]},
        ...     {"name": "learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "levels": 4},
        ...     {"name": "momentum", "low": 0.0, "high": 0.9, "step": 0.3, "when": {"optimizer": ["sgd"]}},
        ... ])
        ... def tuned(optimizer, learning_rate, momentum):
        ...     return 1000 * abs(learning_rate - 1e-3) + (0 if momentum is None else 1 - momentum)
        >>> float(nasbench.load_benchmark("tuned").query("optimizer=adam,learning_rate=0.001").loc[0, "value"])
        0.0
    """
    if direction not in ("min", "max"):
        raise NasbenchError(f"The direction is {direction!r}; it should be 'min' or 'max'.")

    _refuse_taken(name)

    def add(function: Callable[..., float]) -> Callable[..., float]:
        add_function(name, function, space, objective, unit, direction, optimum)
        return function

    return add


def add_function(name: str, function: Callable[..., float], space: Space | Decisions, *more: Any) -> FunctionBenchmark:
    """Register a function as a benchmark and return the benchmark; arguments as in `function_benchmark`.

    Raises:
        NasbenchError: if the name is that of a benchmark of the suite.
    """
    _refuse_taken(name)
    made = function_benchmark(name, function, space, *more)
    registered.add("benchmark", name, made)
    return made


def _refuse_taken(name: str) -> None:
    if is_taken(name):
        raise NasbenchError(f"{name!r} is a name of the suite's own benchmarks; choose another.")


def function_benchmark(
    name: str,
    function: Callable[..., float],
    space: Space | Decisions,
    objective: str = "error",
    unit: str = "%",
    direction: str = "min",
    optimum: float | None = None,
) -> FunctionBenchmark:
    """Return a function as a benchmark; arguments as in `register_benchmark`."""
    of = space if isinstance(space, Space) else _product(name, space)
    values = {key: tuple(choices) for key, choices in space.items()} if isinstance(space, Mapping) else None
    views = dict(VIEWS) if objective == "error" else {objective: AS_IT_IS}
    if direction == "max":
        views = {objective: View("max", 100.0 if unit == "%" else 0.0)}
    view = views[objective]
    best = None if optimum is None else view(optimum)
    return FunctionBenchmark(name, PythonFunction(of, _Minimised(function, view), values, best), views, unit)


def _product(name: str, choices: Decisions) -> Space:
    if not isinstance(choices, Mapping):
        return MixedSpace(name, choices)
    for decision, values in choices.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise NasbenchError(
                f"Decision {quoted(decision)} has the choices {quoted(values)}; it should be a list of choices."
            )
    return Space(name, tuple(choices), tuple(tuple(map(str, values)) for values in choices.values()))


class _Minimised:
    """A function whose values are converted to a minimised objective."""

    def __init__(self, function: Callable[..., float], view: View) -> None:
        self.function, self.view = function, view
        self.__wrapped__, self.__name__ = function, getattr(function, "__name__", "The function")

    def __call__(self, *arguments: Any, **keywords: Any) -> float:
        return self.view(float(self.function(*arguments, **keywords)))


def register_task(
    name: str,
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    *,
    folder: str | Path | None = None,
    dataset: Any = None,
    test: Any = None,
    table: pd.DataFrame | None = None,
    target: str | None = None,
    group: Any = None,
    size: int | None = None,
    seed: int = 0,
) -> Task:
    """Register a task for live search: from arrays, a data set of torch or Hugging Face, a DataFrame or a folder of
    images.

    Half of the examples are used for training, a quarter for the search and a quarter for testing, in the same proportions in each class.
    Inputs are standardised with the statistics of the training part.

    Args:
        name: name in `nasbench search` and studies.
        x: images `(n, channels, height, width)`, `(n, height, width, channels)` or `(n, height, width)`, or rows of numbers
            `(n, columns)`.
        y: class labels `(n,)`: whole numbers from 0, or texts.
        folder: folder with one sub-folder of images per class; its folders train and test, if there, are the parts.
        dataset: data set with a length and examples `(x, y)`, or mappings with an image and a label.
        test: data set of the test examples, if they are not to be cut from `dataset`.
        table: DataFrame with one row per example, and `target`, the column to predict.
        target: see `table`.
        group: what belongs together, such as the images of one patient, and therefore falls into one part: the group of each
            example of x or `dataset`, the column of `table`, or for a folder the separator after the group in a file name.
        size: for a folder: pixels to which the longer side of images is scaled; by default images of one size of up to 64
            pixels are not scaled.
        seed: seed of the division into parts.

    Raises:
        NasbenchError: if the name is taken by a task of the suite, or the data cannot be a task; the sentence says why.

    Example:
        >>> import numpy as np
        >>> import nasbench
        >>> task = nasbench.register_task("noise", np.random.default_rng(0).random((40, 8, 8)), np.arange(40) % 4)
        >>> task.shape.outputs
        4
    """
    from nasbench.live.tasks.catalogue import TASKS
    from nasbench.live.tasks.custom import task_from_arrays
    from nasbench.live.tasks.data_frame import task_from_frame
    from nasbench.live.tasks.dataset import task_from_dataset
    from nasbench.live.tasks.image_folder import task_from_folder

    if name in TASKS:
        raise NasbenchError(f"{name!r} is a task of the suite; choose another name.")
    if (x is None) != (y is None) or sum(one is not None for one in (x, folder, dataset, table)) != 1:
        raise NasbenchError("A task is made of x and y, a folder, a dataset or a table; give one of them.")
    if (table is None) != (target is None):
        raise NasbenchError("A table needs target=, the column to predict, and nothing else does.")
    task: Task
    if folder is not None:
        task = task_from_folder(name, Path(folder), size, seed, group=group)
    elif dataset is not None:
        task = task_from_dataset(name, dataset, seed, test=test, groups=group)
    elif table is not None:
        assert target is not None
        task = task_from_frame(name, table, target, seed, group=group)
    else:
        assert x is not None and y is not None
        task = task_from_arrays(name, x, y, seed, groups=group)
    registered.add("task", name, task)
    return task


@overload
def register_claim(claim: Claim) -> Claim: ...
@overload
def register_claim(claim: str, statement: str, **fields: Any) -> Callable[[Check], Claim]: ...
def register_claim(claim: Claim | str, statement: str = "", **fields: Any) -> Claim | Callable[[Check], Claim]:
    """Register a claim, such as a theorem, with its check, for `nasbench verify` and its mutation test.

    Args:
        claim: a `Claim`; or the name of one, to decorate its check, which then becomes the claim.
        statement: of the decorated claim, in LaTeX.
        **fields: of the decorated claim: `source`, `mutant`, and where needed `assumptions`, `kind`, `optimizers` and
            `trace_check`.

    Raises:
        NasbenchError: if another claim has its name.

    Example:
        >>> import nasbench
        >>> from nasbench.theory.machinery.claim import at_most
        >>> mutant = nasbench.Mutant("a wrong constant", lambda context: at_most(2.0, 1.0, 1))
        >>> claim = nasbench.Claim("mine.one", "1 = 1", (), "example", lambda context: at_most(1.0, 1.0, 1), mutant)
        >>> nasbench.register_claim(claim).name
        'mine.one'
        >>> @nasbench.register_claim("mine.two", "1 < 2", kind="theorem", source="example", mutant=mutant)
        ... def two(context):
        ...     return at_most(1.0, 2.0, 1)
        >>> two.kind
        'theorem'
    """
    from nasbench.theory.machinery.claim import Claim

    if isinstance(claim, str):
        return lambda check: register_claim(
            Claim(name=claim, statement=statement, check=check, **{"assumptions": (), **fields})
        )
    from nasbench.theory.machinery.registry import all_claims

    if claim.name in all_claims() and claim.name not in registered.registered("claim"):
        raise NasbenchError(f"There is a claim named {claim.name!r} already; choose another name.")
    registered.add("claim", claim.name, claim)
    return claim


def import_table(
    description: str | Path | Mapping[str, Any], data: pd.DataFrame | None = None
) -> tuple[Benchmark, ...]:
    """Import a table of measured architectures for use in studies, like the command `nasbench data import table`.

    Args:
        description: a TOML file that describes the columns of a CSV or Parquet file (keys: see
            `nasbench.tables.description`), or the same as a mapping.
        data: the measurements, if the description is a mapping.

    Returns:
        One benchmark for each data set of the table.

    Raises:
        NasbenchError: if the description or the data are invalid.
    """
    from nasbench.tables.importers import import_table as import_file

    if isinstance(description, Mapping):
        import tomli_w

        if data is None:
            raise NasbenchError("A description that is a mapping needs data=, a DataFrame.")
        with tempfile.TemporaryDirectory() as folder:
            data.to_parquet(Path(folder, "data.parquet"))
            text = tomli_w.dumps({**description, "data": "data.parquet"})
            Path(folder, "description.toml").write_text(text, encoding="utf-8")
            return import_table(Path(folder, "description.toml"))
    if data is not None:
        raise NasbenchError(f"{description} names its data itself; give data= with a description that is a mapping.")
    table, _ = import_file("table", Path(description))
    from nasbench.benchmarks.tabular import TabularBenchmark

    return tuple(Benchmark(TabularBenchmark(table, dataset)) for dataset in table.datasets)
