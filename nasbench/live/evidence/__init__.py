"""Evidence for 96.2 % on CIFAR-10: `python -m nasbench.live.evidence` searches, trains what it found, and judges.

Everything is fixed and registered beforehand (`plans`, `registration`); one file holds all that is done so far (`record`).
Nothing here needs an installed package, an entry point or a module beyond torch, numpy, scipy, pandas, pyarrow, rich and typer.
"""
