"""NAS-BOWL: its kernel against networkx and against the definition, its model, its pool."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nasbench.api.benchmark import Benchmark
from nasbench.api.registration import function_benchmark
from nasbench.baselines import nas_bowl
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.cell_graphs import ABSENT, CellGraphs, count_common, occurrences, subtree_hashes

from toy import Problems

nx = pytest.importorskip("networkx")
ROUNDS = 3


@pytest.fixture
def cells() -> Any:
    """Make problems of two runs on the cells of NAS-Bench-201; the error is 1 and what is missing of six 3x3 convolutions."""

    def error(cell: np.ndarray) -> float:
        return float(1 + (cell != 3).sum())

    def make(queries: int) -> Problem:
        return Benchmark(function_benchmark("cells", error, get_space("nas-bench-201"))).problem(
            {"queries": queries}, runs=2
        )

    return make


def random_graphs(n: int = 40, vertices: int = 8, seed: int = 0) -> CellGraphs:
    rng = np.random.default_rng(seed)
    labels = rng.integers(ABSENT, 3, (n, vertices))
    present = labels != ABSENT
    adjacency = np.triu(rng.random((n, vertices, vertices)) < 0.4, 1) & present[:, :, None] & present[:, None, :]
    return CellGraphs(labels, adjacency)


def relabelled_by_networkx(graphs: CellGraphs) -> list[list[Counter[str]]]:
    """Counts of the labels of each round of each graph without directions, which versions of networkx read differently."""
    counts = []
    for labels, adjacency in zip(graphs.labels.tolist(), graphs.adjacency, strict=True):
        graph = nx.Graph(map(tuple, np.argwhere(adjacency).tolist()))
        graph.add_nodes_from((v, {"label": str(label)}) for v, label in enumerate(labels) if label != ABSENT)
        hashes = nx.weisfeiler_lehman_subgraph_hashes(graph, iterations=ROUNDS, node_attr="label")
        rounds = [Counter(own[i] for own in hashes.values()) for i in range(ROUNDS)]
        counts.append([Counter(str(label) for label in labels if label != ABSENT), *rounds])
    return counts


def relabelled_by_the_authors(graphs: CellGraphs) -> list[list[Counter[str]]]:
    """The same with directions, by the strings of `grakel_replace/weisfeiler_lehman.py`: own label, sorted labels of successors."""
    counts = []
    for labels, adjacency in zip(graphs.labels.tolist(), graphs.adjacency, strict=True):
        own = {v: str(label) for v, label in enumerate(labels) if label != ABSENT}
        rounds = [Counter(own.values())]
        for _ in range(ROUNDS):
            own = {v: f"{own[v]},{sorted(own[w] for w in np.flatnonzero(adjacency[v]).tolist())}" for v in own}
            rounds.append(Counter(own.values()))
        counts.append(rounds)
    return counts


# ---- the kernel --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [False, True])
def test_counts_are_those_of_networkx_and_of_the_authors(directed: bool) -> None:
    graphs = random_graphs()
    if not directed:
        graphs = CellGraphs(graphs.labels, graphs.adjacency | graphs.adjacency.swapaxes(1, 2))
    theirs = relabelled_by_the_authors(graphs) if directed else relabelled_by_networkx(graphs)
    expected = np.zeros((ROUNDS + 1, 40, 40))
    for i, one in enumerate(theirs):
        for j, other in enumerate(theirs):
            for r in range(ROUNDS + 1):
                expected[r, i, j] = sum(count * other[r][label] for label, count in one[r].items())
    hashes = subtree_hashes(graphs, ROUNDS)
    np.testing.assert_array_equal(count_common(hashes, hashes), expected)
    np.testing.assert_array_equal(count_common(hashes[:7], hashes[7:]), expected[:, :7, 7:])
    np.testing.assert_array_equal(
        [[len(np.unique(row[row != 0])) for row in graph] for graph in hashes],
        [[len(counter) for counter in graph] for graph in theirs],
    )


def test_occurrences_give_the_histogram_intersection() -> None:
    graphs = random_graphs(seed=1)
    hashes = subtree_hashes(graphs, ROUNDS)
    numbered = occurrences(hashes)
    common = count_common(numbered, numbered)
    for i in range(0, 40, 5):
        for j in range(0, 40, 3):
            for r in range(ROUNDS + 1):
                one, other = (Counter(h[h != 0].tolist()) for h in (hashes[i, r], hashes[j, r]))
                assert common[r, i, j] == sum((one & other).values())


def test_kernel_is_the_normalised_sum_over_rounds() -> None:
    graphs = random_graphs(seed=2)
    hashes = subtree_hashes(graphs, ROUNDS)
    kernels = nas_bowl.subtree_kernels(hashes[:15], hashes)
    total = count_common(hashes, hashes)
    for rounds in range(ROUNDS + 1):
        summed = total[: rounds + 1].sum(axis=0)
        own = np.sqrt(np.diag(summed))
        np.testing.assert_allclose(kernels[rounds], (summed / np.outer(own, own))[:15])
        np.testing.assert_allclose(np.diag(kernels[rounds]), 1.0)


def test_isomorphic_graphs_have_the_same_labels() -> None:
    graphs = random_graphs(n=10, seed=3)
    order = np.random.default_rng(0).permutation(8)
    shuffled = CellGraphs(graphs.labels[:, order], graphs.adjacency[:, order][:, :, order])
    np.testing.assert_array_equal(np.sort(subtree_hashes(graphs, ROUNDS)), np.sort(subtree_hashes(shuffled, ROUNDS)))


# ---- the graphs --------------------------------------------------------------------------------------------------------


def authors_graph(operations: list[str]) -> Any:
    """`create_nasbench201_graph` of the authors, transcribed, with paths closed over skips of skips and pruned to the end."""
    graph = nx.DiGraph([(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)])
    nx.set_node_attributes(graph, dict(enumerate(["input", *operations, "output"])), "label")
    for vertex, label in enumerate(operations, start=1):
        if label == "skip_connect":
            graph.add_edges_from([(i, o) for i in graph.predecessors(vertex) for o in graph.successors(vertex)])
        if label in ("none", "skip_connect"):
            graph.remove_node(vertex)
    ahead, behind = nx.descendants(graph, 0) | {0}, nx.ancestors(graph, 7) | {7}
    graph.remove_nodes_from([v for v in list(graph) if v not in ahead & behind and v not in (0, 7)])
    if 7 not in ahead:
        graph.remove_edges_from(list(graph.edges))
    return graph


def test_graphs_of_nas_bench_201_are_the_authors() -> None:
    space = get_space("nas-bench-201")
    cells = space.all[np.random.default_rng(0).integers(0, space.size, 400)]
    graphs = space.graphs(cells)
    names = [*space.choices[0], "input", "output"]
    for number, cell in enumerate(cells.tolist()):
        theirs = authors_graph([space.choices[0][choice] for choice in cell])
        labels = {v: names[label] for v, label in enumerate(graphs.labels[number].tolist()) if label != ABSENT}
        assert labels == dict(theirs.nodes(data="label"))
        assert set(map(tuple, np.argwhere(graphs.adjacency[number]).tolist())) == set(theirs.edges)


@pytest.mark.parametrize("name", ["nas-bench-101", "transnas-bench-101-micro", "nas-bench-graph", "nas-bench-201"])
def test_graphs_lead_from_input_to_output(name: str) -> None:
    space = get_space(name)
    graphs = space.graphs(space.sample(np.random.default_rng(0).random((200, space.d))))
    present = graphs.labels != ABSENT
    assert present[:, [0, -1]].all()
    assert not np.tril(graphs.adjacency.any(axis=0)).any()
    assert not (graphs.adjacency & ~(present[:, :, None] & present[:, None, :])).any()
    inner = present[:, 1:-1]
    for side in (1, 2):
        np.testing.assert_array_equal(np.asarray(graphs.adjacency.any(axis=side))[:, 1:-1], inner)


def test_equal_cells_of_nas_bench_101_have_equal_labels() -> None:
    space = get_space("nas-bench-101")
    cells = space.sample(np.random.default_rng(0).random((200, space.d)))
    one, other = (np.sort(subtree_hashes(space.graphs(c), ROUNDS)) for c in (cells, space.canonical(cells)))
    np.testing.assert_array_equal(one, other)


# ---- the model and the search ------------------------------------------------------------------------------------------


def test_rounds_and_noise_have_the_largest_likelihood() -> None:
    hashes = subtree_hashes(random_graphs(n=25, seed=4), ROUNDS)
    grams = nas_bowl.subtree_kernels(hashes, hashes)
    rng = np.random.default_rng(0)
    targets = nas_bowl.standardised_logarithm(
        np.exp(rng.multivariate_normal(np.zeros(25), grams[2] + 1e-4 * np.eye(25)))
    )
    assert targets.mean() == pytest.approx(0) and targets.std(ddof=1) == pytest.approx(1)
    rounds, noise, factor = nas_bowl.fit(grams, targets)
    density = {
        (r, n): stats.multivariate_normal(np.zeros(25), grams[r] + n * np.eye(25)).logpdf(targets)
        for r in (1, 2, 3)
        for n in nas_bowl.NOISES
    }
    assert (rounds, noise) == max(density, key=lambda key: float(density[key]))
    np.testing.assert_allclose(factor @ factor.T, grams[rounds] + noise * np.eye(25), atol=1e-10)


def test_an_error_that_is_not_positive_is_taken_as_it_is() -> None:
    errors = np.array([-1.0, 0.0, 4.0])
    np.testing.assert_allclose(nas_bowl.standardised_logarithm(errors), (errors - 1) / errors.std(ddof=1))
    assert nas_bowl.standardised_logarithm(np.array([3.0])).tolist() == [0.0]


@pytest.mark.parametrize("kernel", ["linear", "optimal-assignment"])
def test_finds_what_a_cell_of_convolutions_is_rewarded_for(kernel: str, cells: Any) -> None:
    """The error counts what is missing of the best cell; 40 queries of 15,625 find one that random search has in 1 of 500."""
    problem = cells(queries=40)
    search = nas_bowl.OPTIMIZER.create(problem, Streams(3, range(2)), {"base_kernel": kernel})
    best = np.full(2, np.inf)
    while not problem.ledger.exhausted.all():
        observations = problem.query(search.ask())
        search.tell(observations)
        best = np.minimum(best, np.nan_to_num(observations.objectives[..., 0], nan=np.inf).min(axis=1))
    assert best.max() <= 2.0


def test_a_batch_has_no_two_graphs_of_one_kernel(cells: Any) -> None:
    problem = cells(queries=60)
    search = nas_bowl.OPTIMIZER.create(problem, Streams(4, range(2)))
    member: Any = search.members[0]  # type: ignore[attr-defined]
    search.tell(problem.query(search.ask()))
    pool = member.candidates()
    again = np.concatenate([pool, pool[:30]])
    scores = member.scores(again)
    assert np.isinf(scores[len(pool) :]).all()
    labels = np.sort(member._label(pool).reshape(len(pool), -1), axis=1)
    kept = labels[np.isfinite(scores[: len(pool)])]
    assert len(np.unique(kept, axis=0)) == len(kept) <= len(np.unique(labels, axis=0))


def test_half_of_the_pool_are_children_of_the_best(cells: Any) -> None:
    problem = cells(queries=60)
    search = nas_bowl.OPTIMIZER.create(problem, Streams(4, range(2)), {"n_initial_samples": 30, "mutation_rate": 0.6})
    member: Any = search.members[0]  # type: ignore[attr-defined]
    search.tell(problem.query(search.ask()))
    pool = member.candidates()
    best = member.history.architectures[member.history.best(10)]
    near = (pool[:, None] != best).sum(axis=-1).min(axis=1) <= 2
    assert 190 <= len(pool) <= 200 and len(member.history.unseen(pool)) == len(pool)
    assert near[:100].mean() > 0.9 > near[100:].mean()


def test_a_space_without_graphs_is_refused(problems: Problems) -> None:
    with pytest.raises(NasbenchError, match="needs the graphs of cells"):
        nas_bowl.OPTIMIZER.create(problems(), Streams(0, range(1)))
