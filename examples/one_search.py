"""Search NAS-Bench-201 with one method, in twenty independent runs, and look at what was found."""

import nasbench

bench = nasbench.load_benchmark("nas-bench-201/cifar10")
result = nasbench.search("hybrid", bench, budget=60, runs=20, seed=1)
print(result.best().to_string())
print(result.to_pandas().groupby("query")["regret"].mean().iloc[[0, 9, 29, 59]])
result.plot().savefig("regret.png")
