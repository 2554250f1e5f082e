"""Evidence for 96.2% on CIFAR-10: `python -m nasbench.live.evidence` searches, trains the architecture found, and tests
the hypothesis.

Everything is fixed and registered beforehand (`plans`, `registration`); one file contains all results so far
(`record`). This package needs no installation, no entry points and no modules beyond torch, numpy, scipy, pandas,
pyarrow, rich and typer.
"""
