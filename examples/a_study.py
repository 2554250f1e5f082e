"""A study from Python: methods x problems x runs in a results folder; runs that are there are not repeated."""

import tempfile

import nasbench

study = nasbench.Study(
    name="a-study",
    problems=["nk/10x6-k2", "nas-bench-201/cifar10"],
    methods=["random_search", "regularized_evolution"],
    runs=5,
    seed=1,
    budget={"unique_queries": 40},
)
folder = tempfile.mkdtemp()
print(study.run(folder))
print(study.run(folder))  # nothing is left to do
results = nasbench.load_results(folder)
print(results.to_pandas().groupby(["problem", "method"])["regret"].last())
results.plot().savefig("study.png")
