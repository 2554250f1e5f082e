"""Error, latency on a Raspberry Pi and parameters: search a front, and search under a limit."""

import nasbench

BENCHMARK = "nas-bench-201-hardware/cifar10"

front = nasbench.search(
    "nsga2", BENCHMARK, budget=60, runs=2, seed=1, objectives=["error", "latency@raspi4", "parameters"]
)
queries = front.to_pandas()[["run", "query", "error", "latency@raspi4", "parameters"]]
print(queries.tail())
queries.plot.scatter("latency@raspi4", "error", c="parameters", colormap="viridis").figure.savefig("devices.png")

limited = nasbench.search("random_search", BENCHMARK, budget=30, runs=2, seed=1, constraints=["latency@raspi4 <= 12"])
print(limited.best())
