"""A function as a benchmark: decisions with their choices, and a number to minimise."""

import nasbench


@nasbench.register_benchmark("bowl", {"width": [16, 32, 64, 128], "depth": [1, 2, 3], "kernel": [3, 5, 7]})
def bowl(width, depth, kernel):
    """Return an error; the best network has 64 channels, 2 layers and kernels of 5."""
    return abs(width - 64) / 16 + 2 * abs(depth - 2) + abs(kernel - 5)


bench = nasbench.load_benchmark("bowl")
print(bench.query([2, 1, 1]))
result = nasbench.search("local_search", bench, budget=20, runs=3, seed=1)
print(result.best())
result.plot().savefig("bowl.png")
