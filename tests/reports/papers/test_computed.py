"""Numbers computed from tables: against brute force on small ones, and published facts that they must meet."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from nasbench.reports.papers.catalogue import get_paper
from nasbench.reports.papers.computed import best_of, latency, local_maxima, sampled_spearman, walk_correlation
from nasbench.reports.papers.gather import gather
from nasbench.reports.papers.paper import PublishedValue, Reported
from nasbench.reports.papers.random_search_distribution import law_of_unique_queries
from nasbench.reports.papers.reproduce import reproduce, try_mutants
from nasbench.reports.papers.transnas import count_flops, count_parameters
from nasbench.reports.papers.verdict import AGAINST
from nasbench.spaces.catalogue import get_space
from nasbench.tables.importers import import_table

RING = np.stack([(np.arange(12) + 1) % 12, (np.arange(12) - 1) % 12], axis=1)


def test_the_best_of_different_architectures_is_that_of_all_subsets() -> None:
    signal = np.array([3.0, 1.0, 2.0, 2.0, 0.5, 4.0])
    exact = np.zeros(len(signal))
    subsets = list(combinations(range(len(signal)), 3))
    for subset in subsets:
        top = [i for i in subset if signal[i] == max(signal[list(subset)])]
        exact[top] += 1.0 / len(top) / len(subsets)
    assert law_of_unique_queries(signal, 3).weights == pytest.approx(exact, abs=1e-12)


def test_best_of_is_selected_by_the_accuracy_that_is_reported() -> None:
    figure = PublishedValue(method="m", dataset="cifar10", split="test", mean=0.0)
    ten, hundred = (best_of(n)(figure, Reported(table="nas-bench-201-reference", epochs=200)) for n in (10, 100))
    assert ten.mean < hundred.mean < 94.373334 and ten.deviation is not None and ten.variance == 0.0


def test_a_sampled_correlation_is_centred_on_that_of_all() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(size=2_000)
    second = first + rng.normal(size=2_000)
    found = sampled_spearman(first, second, 300)
    assert found.deviation is not None
    assert found.mean == pytest.approx(
        spearmanr(first, second).statistic, abs=4 * found.deviation / np.sqrt(400) + 1e-3
    )
    # (1 - rho^2) / sqrt(n) is the large-sample deviation of Pearson's correlation, and near that of Spearman's.
    assert found.deviation == pytest.approx((1 - found.mean**2) / np.sqrt(300), rel=0.25)


def test_cutting_the_ends_lowers_a_correlation() -> None:
    first = latency("titan-rtx-batch-256")
    second = latency("fpga")
    assert sampled_spearman(first, second, 500, 0.1).mean < sampled_spearman(first, second, 500).mean


def test_local_maxima_are_strict_and_ties_are_none() -> None:
    values = np.array([1.0, 3.0, 1.0, 2.0, 2.0, 1.0, 5.0, 4.0, 1.0, 2.0, 1.0, 0.0])
    assert local_maxima(values, RING) == 3
    assert local_maxima(np.where(values == 2.0, 2.0 + 1e-7 * np.arange(12), values), RING) == 3


def test_a_walk_on_a_ring_correlates_as_its_steps_do() -> None:
    smooth = np.sin(2 * np.pi * np.arange(12) / 12)
    found = walk_correlation(smooth, RING, walks=200, length=100)
    # Half of the steps go either way: the correlation of neighbours on the ring is cos(30 degrees).
    assert found.runs == 200 and found.mean == pytest.approx(np.cos(np.pi / 6), abs=0.05)


@pytest.mark.parametrize(("name", "expected"), [("hw-nas-bench", 4), ("nats-bench-size", 3), ("help", 30)])
def test_what_has_no_chance_in_it_meets_the_printed_digits(name: str, expected: int) -> None:
    rows = [row for row in reproduce(get_paper(name)).rows if row.mean is not None and row.test is None]
    assert [row.verdict for row in rows] == ["equivalent"] * expected


def test_the_landscape_is_the_published_one_but_for_ties() -> None:
    found = reproduce(get_paper("fitness-landscape"))
    against = {(row.figure.dataset, row.figure.split): row.mean for row in found.rows if row.verdict in AGAINST}
    assert against == {("cifar100", "local maxima"): 23.0, ("imagenet16-120", "local maxima"): 34.0}


def test_naswot_is_reproduced_with_scores_of_another_origin(
    reference_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    paper = get_paper("naswot")
    assert {row.verdict for row in reproduce(paper).rows if row.figure.method.startswith("NASWOT")} == {"not run"}
    import_table("nas-bench-201-zero-cost", reference_data / "nas-bench-201" / "zero-cost.parquet")
    rows = {(row.figure.method, *row.figure.column): row for row in reproduce(paper).rows}
    for draws, dataset, split in product((10, 100), ("cifar10", "cifar100", "imagenet16-120"), ("validation", "test")):
        assert rows[f"NASWOT (N={draws})", dataset, split].verdict not in AGAINST
    verdicts = try_mutants(replace(paper, mutants=("methods",)), gather(paper))
    assert len(verdicts) == 5 and all(one.rejected for one in verdicts)


def test_a_cell_of_transnas_bench_has_the_weights_of_its_layers() -> None:
    space = get_space("transnas-bench-101-micro")
    index = {space.to_string(cell): i for i, cell in enumerate(space.all)}
    parameters, flops = count_parameters(space), count_flops(space)
    # A skip from the input costs a factorised reduction in three of the ten cells, and nothing elsewhere.
    assert parameters[index["100000"]] == sum(a * b + 2 * b for a, b in ((64, 128), (128, 256), (256, 512)))
    assert parameters[index["001000"]] == 0 == flops[index["001000"]] == parameters[index["000000"]]
    # A 1x1 convolution between inner nodes: ten cells with their own channels at 32, 32, 16, 16 and 8 pixels.
    inner = ((128, 32, 4), (256, 16, 4), (512, 8, 2))
    assert parameters[index["002000"]] == sum(n * (c * c + 2 * c) for c, _, n in inner)
    assert flops[index["002000"]] == sum(n * c * c * side**2 for c, side, n in inner)
    assert flops[index["003000"]] == 9 * flops[index["002000"]]


def test_naive_proxies_rank_as_zico_prints_but_for_four_digits() -> None:
    rows = reproduce(get_paper("zico")).rows
    against = {(row.figure.method, *row.figure.column) for row in rows if row.verdict in AGAINST}
    assert against == {
        ("#Params", "topology, cifar10", "Kendall"),
        ("FLOPs", "topology, cifar100", "Kendall"),
        ("ground truth", "topology, cifar10", "selected"),
        ("#Params", "topology, cifar10", "selected"),
    }
    assert sum(row.verdict == "equivalent" for row in rows) == 38
