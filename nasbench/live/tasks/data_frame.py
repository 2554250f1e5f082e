"""Tasks from tables: classification or regression of one column from the others.

Columns are treated by what the training part holds, and all statistics (means, deviations, medians, categories, words) are
those of the training part:

- numbers: missing values are replaced by the median, with a column that says so; standardised;
- categories: one column for each of the most frequent values, rare and unknown ones together;
- texts (four words or more, on average): TF-IDF of the most frequent words;
- constant columns, and those that only number or name the rows: left out.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, quoted, unknown_name
from nasbench.extras import require_extra
from nasbench.files.delimited import check_table
from nasbench.live.tasks.custom import Labels, arrange_parts
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.splitting import divide
from nasbench.live.tasks.task import Split, Splits
from nasbench.live.tasks.user_task import Loaded, UserTask

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("classification", "regression")
MOST_CLASSES = 20
"""Different whole numbers of a target that are classes; with more they are predicted as numbers."""
MOST_CATEGORIES, MOST_WORDS = 32, 256
"""Columns made of one column of categories, and of one of texts."""
FEWEST_WORDS = 4
"""Mean number of words of a value from which a column is a text."""
FEWEST_NUMBERED = 32
"""Different whole numbers close together that are taken for numbers of rows; of fewer it would be chance."""
MISSING = ("?", "")
"""Values that are missing, in addition to those that pandas knows (NA, NaN, null, ...)."""


def read_table(path: Path) -> pd.DataFrame:
    """Return a CSV file, whatever of comma, semicolon, tab and bar separates its columns.

    Raises:
        NasbenchError: if it is no text in UTF-8, or no table of rows that all have the columns of the header.
    """
    import pandas as pd

    if not path.is_file():
        raise NasbenchError(f"{path} is no file; name a CSV file with one row per example and a header.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.read(2**16)
        separator = _separator(head)
        table: pd.DataFrame = pd.read_csv(
            path, sep=separator, encoding="utf-8-sig", na_values=list(MISSING), skipinitialspace=True, low_memory=False
        )
        check_table(path, separator)
    except UnicodeDecodeError as fault:
        raise NasbenchError(
            f"{path} is not UTF-8 (byte {fault.start}); save it as UTF-8, such as with: iconv -f latin1 -t utf-8 FILE."
        ) from None
    except pd.errors.EmptyDataError:
        raise NasbenchError(f"{path} is empty; it should have a header and one row per example.") from None
    except (pd.errors.ParserError, ValueError) as fault:
        raise NasbenchError(
            f"{path} cannot be read as a table ({str(fault).splitlines()[0][:120]}); every row should have the columns of the header."
        ) from None
    table.columns = [str(column).strip() for column in table.columns]
    return table


def _separator(head: str) -> str:
    """Return the separator of the header, a comma unless another one is more frequent there."""
    try:
        found = csv.Sniffer().sniff(head.partition("\n")[0] + "\n", delimiters=",;\t|").delimiter
    except csv.Error:
        found = ","
    return found


def task_from_frame(
    name: str,
    table: pd.DataFrame,
    target: str,
    seed: int = 0,
    *,
    group: str | None = None,
    kind: str | None = None,
    source: str = "a table",
) -> UserTask:
    """Return a task of the rows of a table.

    Args:
        name: name of the task.
        table: one row per example.
        target: column to predict.
        seed: seed of the division into parts.
        group: column whose equal values fall into one part, such as that of the patients; it is no input.
        kind: "classification" or "regression"; None for the first if the target is a text, or a whole number of up to
            20 different values.
        source: where the data are from.

    Raises:
        NasbenchError: for a column that does not exist, missing labels, too few rows, or no column that varies.
    """
    columns = list(map(str, table.columns))
    for column in (target, *(() if group is None else (group,))):
        if column not in columns:
            raise _unknown_column(column, columns, source)
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise NasbenchError(f"{source} has two columns named {quoted(twice)}; rename one.")
    if group == target:
        raise NasbenchError(f"The group and the target of {source} are both {quoted(target)}; name two columns.")
    for column, what in ((target, "a value to predict"), (group, "a group")):
        if column is not None and (absent := int(table[column].isna().sum())):
            raise NasbenchError(
                f"{absent} of {len(table)} rows of {source} have no {quoted(column)}, {what}; fill it in or remove the rows."
            )
    if kind is not None and kind not in KINDS:
        raise unknown_name("kind of task", kind, KINDS)
    groups = None if group is None else table[group].astype(str).to_numpy()
    inputs = table.drop(columns=[target] if group is None else [target, group])
    if kind == "classification" or (kind is None and _is_classes(table[target])):
        values = table[target].astype(str if table[target].dtype.kind in "OUTb" else object)
        names, labels = np.unique(values.to_numpy(), return_inverse=True)
        labels = labels.astype(np.int64)
        classes = tuple(map(_plain_number, names.tolist()))
        rows = np.arange(len(labels))
        parts = arrange_parts(f"{source} (column {target})", labels, classes, seed, groups, train=rows)
        return _made(name, inputs, labels, classes, parts, source, groups, {"target": target})
    numbers = _numbers(table[target], f"{source} (column {target})")
    return _regression(name, inputs, numbers, seed, source, groups, target)


def _unknown_column(column: str, columns: Sequence[str], source: str) -> NasbenchError:
    close = get_close_matches(column, columns, n=1)
    return NasbenchError(
        f"{source} has no column {quoted(column)}"
        + (f"; did you mean {quoted(close[0])}?" if close else f"; its columns are {', '.join(columns[:30])}.")
    )


def _plain_number(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_classes(target: pd.Series) -> bool:
    if target.dtype.kind not in "iuf":
        return True
    values = target.to_numpy()
    return bool((values == np.round(values)).all()) and target.nunique() <= MOST_CLASSES


def _numbers(target: pd.Series, what: str) -> NDArray[np.float64]:
    import pandas as pd

    values = pd.to_numeric(target, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all():
        wrong = target[~np.isfinite(values)].iloc[0]
        raise NasbenchError(f"{what} has the value {quoted(str(wrong))}; a regression needs finite numbers.")
    return values


def _regression(
    name: str,
    inputs: pd.DataFrame,
    numbers: NDArray[np.float64],
    seed: int,
    source: str,
    groups: NDArray[Any] | None,
    target: str,
) -> UserTask:
    if len(numbers) < 8:
        raise NasbenchError(f"{source} has {len(numbers)} rows; a task needs eight at least.")
    if groups is not None and len(set(groups)) < 3:
        raise NasbenchError(f"{source} has {len(set(groups))} groups; three parts need three at least.")
    parts = divide(numbers, seed, groups)
    mean, deviation = numbers[parts[0]].mean(), numbers[parts[0]].std()
    if not deviation > 1e-12 * max(abs(mean), 1):
        raise NasbenchError(f"Column {quoted(target)} of {source} is constant; there is nothing to predict.")
    y = ((numbers - mean) / deviation).astype(np.float32)[:, None]
    units = {"target": target, "target_mean": float(mean), "target_deviation": float(deviation)}
    return _made(name, inputs, y, (), parts, source, groups, units)


def _made(
    name: str,
    inputs: pd.DataFrame,
    y: NDArray[Any] | Labels,
    classes: tuple[str, ...],
    parts: Sequence[NDArray[np.int64]],
    source: str,
    groups: NDArray[Any] | None,
    target: Mapping[str, Any],
) -> UserTask:
    encoded, columns, preparation = encode_columns(inputs, parts[0], source)
    counts = " / ".join(str(len(part)) for part in parts)
    by = f", divided by {len(set(groups))} groups" if groups is not None else ""
    of = f"{len(classes)} classes" if classes else f"the numbers {target['target']}"
    said = f"{source}: {len(inputs)} rows of {of}{by}, {counts} for training, search and test; {columns}."
    outputs = len(classes) or 1
    return UserTask(
        name=name,
        shape=TaskShape(
            dims=0,
            channels=encoded.shape[1],
            size=1,
            outputs=outputs,
            kind="classification" if classes else "forecasting",
        ),
        metric="error" if classes else "mse",
        source=source,
        load=Loaded(Splits(*(Split(encoded[part], y[part]) for part in parts))),
        classes=classes,
        preparation={"kind": "table", **target, **preparation},
        said=said,
    )


def encode_columns(
    table: pd.DataFrame, train: NDArray[np.int64], source: str
) -> tuple[NDArray[np.float32], str, dict[str, Any]]:
    """Return the columns as numbers `(n, columns)`, a sentence on how each was treated, and the preparation as data.

    Raises:
        NasbenchError: if no column varies in the training part.
    """
    kinds = {column: column_kind(table[column].iloc[train]) for column in table}
    blocks, preparation = [], {}
    for column, kind in kinds.items():
        if kind not in ENCODERS:
            continue
        block, how = ENCODERS[kind](table[column], train)
        blocks.append(block)
        preparation[column] = {"kind": kind, **how}
    said = "; ".join(
        f"{what}: {', '.join(named[:12])}{f' and {len(named) - 12} more' if len(named) > 12 else ''}"
        for kind, what in SAID.items()
        if (named := [str(column) for column, of in kinds.items() if of == kind])
    )
    if not blocks:
        raise NasbenchError(
            f"{source} has no column to predict from ({said or 'it has one column'}); add one that varies."
        )
    return np.concatenate(blocks, axis=1).astype(np.float32), said, {"columns": preparation}


def column_kind(column: pd.Series) -> str:
    """Return how a column of the training part is treated, a key of `SAID`."""
    import pandas as pd

    present = column.dropna()
    if present.nunique() + (len(present) < len(column)) < 2:
        return "constant"
    if column.dtype.kind in "iufb" or pd.to_numeric(present, errors="coerce").notna().all():
        if column.dtype.kind in "iu" and len(present) >= FEWEST_NUMBERED and present.is_unique:
            # Half of the rows, numbered: different whole numbers that lie close together.
            return "rows" if present.max() - present.min() < 3 * len(present) else "number"
        return "number"
    words = np.mean([len(text.split()) for text in present.astype(str)])
    if words >= FEWEST_WORDS and present.nunique() > min(MOST_CATEGORIES, len(present) / 4):
        return "text"
    return "rows" if present.is_unique and len(present) > 8 else "category"


SAID = {
    "number": "numbers (the median where missing)",
    "category": "categories",
    "text": "texts (TF-IDF of words)",
    "constant": "left out since constant",
    "rows": "left out since it only tells rows apart",
}
"""What is said about the columns of each kind."""


def _encode_numbers(column: pd.Series, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], dict[str, Any]]:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    missing = np.isnan(values)
    seen = values[train]
    median = float(np.nanmedian(seen)) if np.isfinite(seen).any() else 0.0
    filled = np.where(missing, median, values)
    mean, deviation = float(filled[train].mean()), float(filled[train].std())
    deviation = deviation if deviation > 1e-12 * max(abs(mean), 1.0) else 1.0
    block = [(filled - mean) / deviation]
    if missing[train].any():
        block.append(missing.astype(np.float64))
    how = {"median": median, "mean": mean, "deviation": deviation, "says_missing": len(block) == 2}
    return np.stack(block, axis=1), how


def _encode_categories(column: pd.Series, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], dict[str, Any]]:
    values = _texts(column)
    counts = values.iloc[train].value_counts()
    names = sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_CATEGORIES]
    block = (values.to_numpy()[:, None] == np.asarray(names, dtype=object)[None]).astype(np.float64)
    if len(counts) > len(names):
        block = np.concatenate([block, 1 - block.sum(axis=1, keepdims=True)], axis=1)
    return block, {"categories": names, "others": len(counts) > len(names)}


def _encode_texts(column: pd.Series, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], dict[str, Any]]:
    vectoriser = require_extra("live", "sklearn.feature_extraction.text").TfidfVectorizer(
        max_features=MOST_WORDS, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
    )
    values = _texts(column)
    vectoriser.fit(values.iloc[train])
    # Scaled, so that a column has about the variance of one that is standardised.
    scale = math.sqrt(len(vectoriser.vocabulary_))
    block = vectoriser.transform(values).toarray() * scale
    words = [str(word) for word in vectoriser.get_feature_names_out()]
    return block, {"words": words, "idf": vectoriser.idf_.tolist(), "scale": scale}


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


ENCODERS = {"number": _encode_numbers, "category": _encode_categories, "text": _encode_texts}
