"""Measurements of one's own as a benchmark: a DataFrame, and a description of its columns."""

import os
import tempfile

os.environ["NASBENCH_CACHE"] = tempfile.mkdtemp()  # keeps the example out of your cache

import pandas as pd

import nasbench

measured = pd.DataFrame(
    {
        "op": ["conv", "conv", "pool", "pool", "skip", "skip"],
        "width": ["8", "16", "8", "16", "8", "16"],
        "accuracy": [90.0, 91.5, 85.5, 86.0, 70.0, 71.3],
        "ms": [5, 6, 3, 4, 1, 1],
    }
)
decisions = [
    {"name": "op", "choices": ["conv", "pool", "skip"]},
    {"name": "width", "choices": ["8", "16"]},
]
quantities = [
    {"dataset": "photos", "quantity": "accuracy", "split": "validation", "unit": "%", "column": "accuracy"},
    {"dataset": "photos", "quantity": "latency@phone", "unit": "ms", "column": "ms"},
]
nasbench.import_table(
    {
        "name": "my-table",
        "provenance": "trained by hand, one seed",
        "space": {"name": "my-space", "decisions": decisions},
        "columns": quantities,
    },
    measured,
)
print(nasbench.load_benchmark("my-table/photos").top(3))
