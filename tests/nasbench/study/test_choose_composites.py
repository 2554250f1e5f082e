"""The rule by which composites are chosen."""

import pytest

from nasbench.benchmarks.composite import Composite, composites
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.spaces.catalogue import get_space
from nasbench.study.choose_composites import Candidate, candidates, chosen, is_trap, judge, permutations
from nasbench.study.toml import load_study


def test_permutations_exchange_operations_or_reverse_channels() -> None:
    assert len(list(permutations(get_space("nas-bench-201")))) == 5
    reversals = list(permutations(get_space("nats-bench-size")))
    assert len(reversals) == 5 + 10 + 10
    assert reversals[0] == ((("8", "64"), ("16", "56"), ("24", "48"), ("32", "40")), ("layer 1",))
    assert list(permutations(synthetic_benchmark("onemax/3x2").space)) == [((("0", "1"),), ())]


def test_deceptive_trap_is_narrow_at_one_shape_only() -> None:
    """OneMax and its reverse are Ackley's trap: 13 architectures of the second basin are better than the best of the first."""
    found = candidates("onemax/12x2")
    (narrow,) = [one for one in found if one.is_narrow]
    assert chosen(found) == [narrow]
    assert (narrow.composite.depth, narrow.composite.slope) == (0.35, 2.0)
    # Second basin: 2 h < 12 - h + 2.1, with h differing bits up to 4.
    assert narrow.inside == pytest.approx((1 + 12 + 66 + 220 + 495) / 4096)


def test_most_and_fewest_trapped_descents_are_chosen() -> None:
    toy = Composite("toy", "onemax/6x2", (("0", "1"),), 0.1)
    shares = (0.6, 0.9, 0.4, 0.55, 0.95)
    found = [Candidate(toy, 0.3, share, is_narrow=share < 0.95) for share in shares]
    assert [one.trapped for one in chosen(found)] == [0.9, 0.55]
    assert chosen(found[4:]) == []


def test_trap_is_kept_if_a_rival_escapes_it() -> None:
    rivals = {"random_search": 0.9, "regularized_evolution": 0.6}
    assert is_trap({"falling": 0.6, **rivals, "gp_bo": 0.3})
    assert not is_trap({"falling": 0.6, **rivals, "gp_bo": 0.4})
    assert not is_trap({"falling": 0.1, "random_search": 0.0})
    assert not is_trap({"falling": 1.0})


def test_benign_candidate_is_judged_by_one_method() -> None:
    benign = Composite("benign", "onemax/6x2", (("0", "1"),), 0.1)
    assert judge(benign, runs=2, seed=1) == {"falling": 0.0}


def test_preset_has_all_composites_and_a_seed_that_chose_none() -> None:
    study = load_study("development-composites")
    assert {problem.partition("/")[2] for problem in study.problems} == set(composites())
    assert study.seed != 1
