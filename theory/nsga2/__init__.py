"""NSGA-II's run-time theory on bit strings: what it covers, how fast, and where crowding distance fails."""

from theory.nsga2 import runtime, survival

CLAIMS = (*runtime.CLAIMS, *survival.CLAIMS)
