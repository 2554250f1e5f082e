"""A described table of six architectures, as a user would write it, each part open to change."""

from __future__ import annotations

from pathlib import Path

CSV = """op,width,acc,f1,time,lat
conv,8,90,80,1000,5
conv,16,91,81,1000,6
pool,8,92,82,1000,7
pool,16,93,83,1000,8
skip,8,94,84,1000,9
skip,16,95,85,1000,10
"""
TOML = """name = "small"
data = "small.csv"
provenance = "six rows by hand"
columns = [
  { dataset = "d", quantity = "accuracy", split = "validation", epochs = 1, unit = "%", column = "acc" },
  { dataset = "d", quantity = "f1", split = "validation", epochs = 1, unit = "%", direction = "max", column = "f1" },
  { dataset = "d", quantity = "train_time", epochs = 1, unit = "ms", column = "time" },
  { dataset = "d", quantity = "latency@chip", unit = "ms", column = "lat" },
]
[space]
name = "small-space"
decisions = [{ name = "op", choices = ["conv", "pool", "skip"] }, { name = "width", choices = ["8", "16"] }]
"""
STUDY = """name = "small"
seed = 7
runs = 4
runs_per_file = 4
problems = ["small/d"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "mean"
repeat_policy = "cache"
budget = { unique_queries = 5 }
methods = [{ name = "random_search" }, { name = "local_search" }]
"""


def write_small(folder: Path, toml: str = TOML, csv: str = CSV) -> Path:
    """Write the table; return its description."""
    (folder / "small.csv").write_text(csv, encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(toml, encoding="utf-8")
    return path
