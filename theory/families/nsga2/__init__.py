"""NSGA-II's run-time theory on bit strings: what it covers, how fast, and where crowding distance fails."""

from nasbench.theory.families.nsga2 import runtime, survival
from nasbench.theory.machinery.claim import concerning

CLAIMS = concerning(("nsga2",), (), (*runtime.CLAIMS, *survival.CLAIMS))
