"""Simulated workers around an optimizer of one run: whoever is free asks, whoever has finished tells."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.search.observations import MultiFidelityBatch, RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures

Answer = Callable[[Architectures, int], tuple[float, float]]
"""Error and seconds of a training of an architecture, `(d,)`, for some epochs."""


@dataclass(frozen=True)
class Job:
    """A training: when it began and ended, on which worker, of what, and its error."""

    start: float
    end: float
    worker: int
    architecture: tuple[int, ...]
    epochs: int
    error: float


def drive(algorithm: Any, answer: Answer, workers: int, jobs: int) -> list[Job]:
    """Run an algorithm of a single run on simulated workers, and return its trainings in the order in which they began.

    The lowest free worker asks first, when all that are back by then have told, in the order in which they began; a batch is queued
    and handed out one by one; an empty batch means waiting.
    """
    now = 0.0
    free = list(range(workers))
    running: list[tuple[float, int, Job]] = []
    queue: list[tuple[Architectures, int]] = []
    started: list[Job] = []
    while True:
        while free and len(started) < jobs:
            if not queue:
                architectures, epochs = algorithm.ask()
                queue = list(zip(architectures, epochs.tolist(), strict=True))
                if not queue:
                    break
            architecture, length = queue.pop(0)
            error, seconds = answer(architecture, length)
            worker = heapq.heappop(free)
            job = Job(now, now + seconds, worker, tuple(architecture.tolist()), length, error)
            heapq.heappush(running, (job.end, len(started), job))
            started.append(job)
        if not running:
            return started
        now = running[0][0]
        while running and running[0][0] == now:
            job = heapq.heappop(running)[2]
            heapq.heappush(free, job.worker)
            algorithm.tell(observe(job.architecture, job.epochs, job.error))


def observe(architecture: tuple[int, ...], epochs: int, error: float) -> RunObservations:
    """Return the observation of one training."""
    return RunObservations(
        np.array([architecture], dtype=np.int8), np.array([[error]]), np.zeros(1), np.array([epochs]), np.zeros(1, int)
    )


def ask_problem(problem: Problem) -> Answer:
    """Return the answers of a problem of one run."""

    def answer(architecture: Architectures, epochs: int) -> tuple[float, float]:
        batch = MultiFidelityBatch(architecture[None, None], np.array([[epochs]]))
        observed = problem.query(batch).select_run(0)
        return float(observed.objectives[0, 0]), float(observed.charged_seconds[0])

    return answer
