"""Compare three methods on a synthetic benchmark, test whether two of them differ, and write a report."""

import tempfile

import pandas as pd

import nasbench

BENCHMARK, METHODS = "nk/10x6-k2", ("random_search", "local_search", "regularized_evolution")

traces = pd.concat(nasbench.search(m, BENCHMARK, budget=100, runs=10, seed=3).to_pandas() for m in METHODS)
final = traces.groupby(["method", "run"])["regret"].last().unstack("run")
print(final.mean(axis=1).round(2))
print(nasbench.statistics.wilcoxon_signed_rank(final.loc["random_search"], final.loc["regularized_evolution"]))

# Any table with these columns will do, whatever its origin.
results = nasbench.read_traces(traces, objective="error", benchmark=BENCHMARK)
results.plot().savefig("compare.png")
print(nasbench.report(results, tempfile.mkdtemp()))
