"""Simulated workers around an optimizer of one run: whoever is free asks, whoever has finished tells."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.search.observations import MultiFidelityBatch, RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures


@dataclass(frozen=True)
class Job:
    """A training: when it began and ended, on which worker, of what, and its error."""

    start: float
    end: float
    worker: int
    architecture: tuple[int, ...]
    epochs: int
    error: float


def drive(algorithm: Any, problem: Problem, workers: int, jobs: int) -> list[Job]:
    """Run an algorithm of a single run on simulated workers, and return its trainings in the order in which they finished.

    The lowest free worker asks first; a batch is queued and handed out one by one; an empty batch means waiting.
    """
    now, started = 0.0, 0
    free = list(range(workers))
    running: list[tuple[float, int, int, Job, RunObservations]] = []
    queue: list[tuple[Architectures, int]] = []
    finished: list[Job] = []
    while True:
        while free and started < jobs:
            if not queue:
                architectures, epochs = algorithm.ask()
                queue = list(zip(architectures, epochs.tolist(), strict=True))
                if not queue:
                    break
            architecture, epochs_of_it = queue.pop(0)
            answer = problem.query(_batch(architecture, epochs_of_it)).select_run(0)
            worker = heapq.heappop(free)
            end = now + float(answer.charged_seconds[0])
            job = Job(now, end, worker, tuple(architecture.tolist()), epochs_of_it, float(answer.objectives[0, 0]))
            heapq.heappush(running, (end, worker, started, job, answer))
            started += 1
        if not running:
            return finished
        now, worker, _, job, answer = heapq.heappop(running)
        heapq.heappush(free, worker)
        finished.append(job)
        algorithm.tell(answer)


def _batch(architecture: np.ndarray, epochs: int) -> MultiFidelityBatch:
    return MultiFidelityBatch(architecture[None, None], np.array([[epochs]]))
