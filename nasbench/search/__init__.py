"""What every optimizer is built on: the ask-tell protocol, random streams, the ledger, the archive and the registry.

The package can be called: `nasbench.search("hybrid", "nas-bench-201/cifar10", budget=100)` is `nasbench.api.search.search`, which
`nasbench` itself arranges.
"""
