from __future__ import annotations

import pickle

import numpy as np
from scipy import stats

from nasbench.search.random_streams import Streams, environment_keys, hashed_uniform

RUNS = tuple(range(5))


def test_a_run_sees_its_own_sequence_whatever_the_others_do() -> None:
    """Lengths and masks at random; every run's draws, joined, are the doubles of a generator of its own."""
    rng = np.random.default_rng(5)
    together = Streams(3, RUNS)
    seen: list[list[float]] = [[] for _ in RUNS]
    for _ in range(300):
        n = int(rng.integers(1, 60)) if rng.random() < 0.98 else 3000
        active = None if rng.random() < 0.3 else rng.random(len(RUNS)) < 0.5
        drawn = together.uniform(n, active)
        for run in RUNS:
            if active is None or active[run]:
                seen[run] += drawn[run].tolist()
            else:
                assert (drawn[run] == 0).all()
    for run in RUNS:
        alone = Streams(3, (run,)).uniform(len(seen[run]))[0]
        assert np.array_equal(alone, seen[run])
        assert len(np.unique(seen[run])) == len(seen[run]), "no number is handed out twice"


def test_streams_differ_between_runs_seeds_and_purposes() -> None:
    first = Streams(3, RUNS).uniform(50)
    assert len(np.unique(first)) == first.size
    assert not np.isin(Streams(4, RUNS).uniform(50), first).any()
    assert not np.isin(Streams(3, RUNS).generator(0).random(50), first).any()
    assert len(set(environment_keys(3, RUNS)) | set(environment_keys(4, RUNS))) == 10


def test_pickling_keeps_the_place() -> None:
    streams = Streams(3, RUNS)
    streams.uniform(1500)
    copy = pickle.loads(pickle.dumps(streams))
    assert np.array_equal(copy.uniform(2000), streams.uniform(2000))


def test_hashed_numbers_are_uniform_and_independent() -> None:
    """Kolmogorov-Smirnov and serial correlation at level 1e-4 each, on consecutive questions, where a weak mixer would show."""
    key = np.full(20_000, environment_keys(1, (0,))[0])
    number = np.arange(20_000)
    zero = np.zeros_like(number)
    for arguments in ((number, zero, zero), (zero, zero, number), (number, zero, number % 7)):
        u = hashed_uniform(key, *arguments)
        assert stats.kstest(u, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / np.sqrt(len(u))
    left = hashed_uniform(key, number, zero, zero)
    right = hashed_uniform(key, number, zero, zero + 1)
    assert abs(np.corrcoef(left, right)[0, 1]) < 4 / np.sqrt(len(left))
