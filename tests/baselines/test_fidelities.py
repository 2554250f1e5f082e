"""Successive halving, Hyperband and BOHB: the ladders that their papers print, promotions, and the density model."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nasbench.baselines import bohb, hyperband, successive_halving
from nasbench.baselines.bohb import Density
from nasbench.baselines.successive_halving import Bracket, Rung, levels, rungs
from nasbench.errors import NasbenchError
from nasbench.search.observations import MultiFidelityBatch
from nasbench.search.random_streams import Streams
from nasbench.testing.toy import toy_error, toy_space

from event_loop import ask_problem, drive
from toy import FIDELITIES, Problems

EPOCHS = tuple(range(1, 82))


class Ladder:
    """Just enough of a problem to ask an algorithm for its brackets."""

    def __init__(self, epochs: tuple[int, ...]) -> None:
        self.space = toy_space()
        self.epochs = epochs


def brackets(algorithm: Any, epochs: tuple[int, ...], count: int) -> list[list[tuple[int, int]]]:
    instance = algorithm(Ladder(epochs), np.random.default_rng(0))
    result = []
    for number in range(count):
        instance._brackets = number
        result.append([(rung.size, rung.epochs) for rung in instance._next_rungs()])
    return result


def test_bohb_has_the_table_of_the_hyperband_paper() -> None:
    """Li et al. 2018, table 1 (R = 81, eta = 3), whose sizes round down as HpBandSter's do."""
    assert brackets(bohb.Bohb, EPOCHS, 6) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(27, 3), (9, 9), (3, 27), (1, 81)],
        [(9, 9), (3, 27), (1, 81)],
        [(6, 27), (2, 81)],
        [(5, 81)],
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    ]


def test_hyperband_rounds_up_as_its_algorithm_says() -> None:
    """Li et al. 2018, algorithm 1: n = ceil(5 / (s + 1) * 3^s), n_i = floor(n 3^-i)."""
    assert brackets(hyperband.Hyperband, EPOCHS, 5) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


def test_nats_bench_budgets() -> None:
    """HpBandSter's 1.33, 4 and 12 epochs of the NATS-Bench experiments are its `int(budget)`."""
    assert brackets(bohb.Bohb, tuple(range(1, 13)), 3) == [[(9, 1), (3, 4), (1, 12)], [(3, 4), (1, 12)], [(3, 12)]]


def test_rungs_of_one_fidelity_are_one() -> None:
    assert levels((12, 200), 3) == 2
    assert rungs((12, 200), 3, [9, 3, 1]) == (Rung(12, 9), Rung(200, 1))


def test_the_best_go_up_and_of_equals_the_first() -> None:
    bracket = Bracket((Rung(1, 4), Rung(3, 2)), 1)
    bracket.record(np.array([[0], [1]], dtype=np.int8), np.array([5.0, 7.0]))
    assert bracket.open == 2 and bracket.epochs == 1
    bracket.record(np.array([[2], [3]], dtype=np.int8), np.array([3.0, 5.0]))
    assert bracket.epochs == 3 and bracket.promoted.tolist() == [[2], [0]] and bracket.open == 0
    bracket.record(bracket.promoted, np.array([1.0, 2.0]))
    assert bracket.over


@pytest.mark.parametrize("module", [successive_halving, hyperband, bohb])
def test_on_a_table_every_promotion_is_of_the_best_below(module: Any, problems: Problems) -> None:
    problem = problems(epochs=FIDELITIES, queries=150)
    optimizer = module.OPTIMIZER.create(problem, Streams(3, range(1)))
    asked = []
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        asked += list(
            zip(observations.epochs[0], observations.architectures[0], observations.objectives[0, :, 0], strict=True)
        )
    assert {int(e) for e, _, _ in asked} == set(FIDELITIES)
    # The 13 queries of the first bracket: 9, 3 and 1.
    assert [int(e) for e, _, _ in asked[:13]] == [1] * 9 + [3] * 3 + [9]
    first = sorted(error for _, _, error in asked[:9])
    assert sorted(error + 20 - 20 / 3 for _, _, error in asked[9:12]) == pytest.approx(first[:3])
    assert asked[12][2] == pytest.approx(min(first) - 20 + 20 / 9)


def test_one_fidelity_is_refused(problems: Problems) -> None:
    with pytest.raises(NasbenchError, match="several fidelities"):
        hyperband.OPTIMIZER.create(problems(), Streams(0, range(1)))


def test_density_is_that_of_statsmodels() -> None:
    from statsmodels.nonparametric.kernel_density import KDEMultivariate

    space = toy_space()
    data = np.concatenate([space.all[::2], space.all[:5]])
    mine = Density.fit(data, space.cardinalities, min_bandwidth=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = KDEMultivariate(data=data.astype(float), var_type="uuu", bw="normal_reference")
    rule = np.clip(theirs.bw, 0.05, 1 - 1 / space.cardinalities)
    np.testing.assert_allclose(mine.bandwidth, rule)
    theirs.bw = rule
    np.testing.assert_allclose(mine.pdf(space.all), theirs.pdf(space.all.astype(float)))
    assert mine.pdf(space.all).sum() == pytest.approx(1)


def test_draws_keep_a_decision_or_draw_it_anew() -> None:
    """Binomial counts, 6 standard errors."""
    density = Density(np.zeros((1, 3), dtype=np.int8), np.array([0.3, 0.5, 0.6]), toy_space().cardinalities)
    drawn = density.draw(50_000, np.random.default_rng(0))
    kept = 1 - density.bandwidth * (1 - 1 / density.cardinalities)
    np.testing.assert_allclose((drawn == 0).mean(axis=0), kept, atol=6 * 0.5 / 50_000**0.5)


def test_model_is_built_from_twice_d_plus_one_and_prefers_the_longest_training(problems: Problems) -> None:
    problem = problems(epochs=FIDELITIES, queries=300)
    optimizer = bohb.OPTIMIZER.create(problem, Streams(3, range(1)))
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    counts = dict.fromkeys(FIDELITIES, 0)
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        for epochs in observations.epochs[0].tolist():
            counts[epochs] += 1
        largest = max((e for e in FIDELITIES if counts[e] >= 8), default=0)
        assert max(member._models, default=0) == largest
    good, bad = member._models[9]
    assert toy_error(good.data).max() <= toy_error(bad.data).min()
    assert len(good.data) == max(4, int(0.15 * counts[9]))


def test_bohb_beats_hyperband_on_the_toy(problems: Problems) -> None:
    """Mean error of what they start, 30 runs: the model must help by more than 3 standard errors."""
    means = []
    for module, settings in ((hyperband, {}), (bohb, {"n_candidates": 64, "min_bandwidth": 0.05})):
        problem = problems(runs=30, epochs=FIDELITIES, repeat_policy="retrain", queries=150)
        optimizer = module.OPTIMIZER.create(problem, Streams(3, range(30)), settings)
        total, count = np.zeros(30), np.zeros(30)
        while not problem.ledger.exhausted.all():
            observations = problem.query(optimizer.ask())
            optimizer.tell(observations)
            late = observations.answered & (observations.epochs == 9)
            total += np.where(late, observations.objectives[..., 0], 0).sum(axis=1)
            count += late.sum(axis=1)
        means.append(total / count)
    gap = means[0] - means[1]
    assert gap.mean() > 3 * gap.std(ddof=1) / 30**0.5


@pytest.mark.parametrize("algorithm", [successive_halving.SuccessiveHalving, hyperband.Hyperband, bohb.Bohb])
def test_on_workers_a_rung_waits_for_all_of_it(algorithm: Any, problems: Problems) -> None:
    """A job of a rung starts only when the rung below is complete, and the rungs are those of one worker."""
    jobs, alone = (
        drive(algorithm(problem, np.random.default_rng(1)), ask_problem(problem), workers, jobs=26)
        for workers in (4, 1)
        for problem in [problems(epochs=FIDELITIES, repeat_policy="retrain")]
    )
    assert [job.epochs for job in jobs] == [job.epochs for job in alone]
    first = jobs[:13]
    assert [job.epochs for job in first] == [1] * 9 + [3] * 3 + [9]
    for low, high in ((1, 3), (3, 9)):
        assert min(j.start for j in first if j.epochs == high) == max(j.end for j in first if j.epochs == low)
    assert jobs[13].start == first[12].end


@pytest.mark.parametrize("algorithm", [successive_halving.SuccessiveHalving, hyperband.Hyperband, bohb.Bohb])
def test_overlapping_brackets_leave_no_worker_idle(algorithm: Any, problems: Problems) -> None:
    """Sixteen workers have work whenever they are free; one worker never sees it."""
    problem = problems(epochs=FIDELITIES, repeat_policy="retrain")
    jobs = drive(algorithm(problem, np.random.default_rng(1), overlap=True), ask_problem(problem), 16, jobs=100)
    for worker in range(16):
        own = [job for job in jobs if job.worker == worker]
        assert all(later.start == earlier.end for earlier, later in pairwise(own)) and own[0].start == 0
    alone, waiting = (
        drive(algorithm(problem, np.random.default_rng(1), overlap=overlap), ask_problem(problem), 1, jobs=40)
        for overlap in (True, False)
        for problem in [problems(epochs=FIDELITIES, repeat_policy="retrain")]
    )
    assert alone == waiting


def test_overlapping_brackets_still_promote_from_whole_rungs(problems: Problems) -> None:
    """Whenever 3 epochs begin, every 9 architectures that were back after 1 epoch have let through at most 3."""
    problem = problems(epochs=FIDELITIES, repeat_policy="retrain")
    algorithm = successive_halving.SuccessiveHalving(problem, np.random.default_rng(1), overlap=True)
    jobs = drive(algorithm, ask_problem(problem), 16, jobs=150)
    begun = [job.start for job in jobs if job.epochs == 3]
    back = np.array([job.end for job in jobs if job.epochs == 1])
    assert len(begun) > 20
    assert all(number <= 3 * ((back <= start).sum() // 9) for number, start in enumerate(begun, 1))


def test_what_it_did_not_propose_does_not_enter_the_bracket(problems: Problems) -> None:
    algorithm = successive_halving.SuccessiveHalving(problems(epochs=FIDELITIES), np.random.default_rng(1))
    answers = problems(epochs=FIDELITIES)

    def answer(architectures: np.ndarray, epochs: np.ndarray) -> Any:
        return answers.query(MultiFidelityBatch(architectures[None], epochs[None])).select_run(0)

    stranger = answer(toy_space().all[:12], np.full(12, 1))
    algorithm.tell(stranger)
    asked, epochs = algorithm.ask()
    assert len(asked) == 9 and len(algorithm.ask()[0]) == 0
    algorithm.tell(answer(asked[:4], np.full(4, 3)))
    for one in range(8, 0, -1):
        algorithm.tell(answer(asked[one : one + 1], epochs[:1]))
        assert len(algorithm.ask()[0]) == 0
    algorithm.tell(answer(asked[:1], epochs[:1]))
    promoted, epochs = algorithm.ask()
    assert epochs.tolist() == [3, 3, 3]
    assert sorted(toy_error(promoted)) == sorted(toy_error(asked))[:3]
