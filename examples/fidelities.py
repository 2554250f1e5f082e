"""Trainings of 12 and 200 epochs on eight simulated machines: when has which method found what?"""

import tempfile

import nasbench

study = nasbench.Study(
    problems=["nas-bench-201-reference/cifar10"],
    methods=["random_search", "asha"],
    runs=3,
    seed=1,
    epochs=[12, 200],
    workers=8,
    budget={"wall_seconds": 10_000},
)
folder = tempfile.mkdtemp()
study.run(folder)
results = nasbench.load_results(folder)
results.plot("wall_seconds").savefig("fidelities.png")
traces = results.to_pandas()
print(traces[["method", "run", "epochs", "worker", "wall_seconds", "regret"]].head())
print(traces.groupby(["method", "epochs"]).size())
