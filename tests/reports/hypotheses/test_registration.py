from __future__ import annotations

import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.hypotheses.registry import parse, registered

CLAIM = """
[[claims]]
name = "{name}"
kind = "{kind}"
statement = "s"
rule = "r"
change = "c"
threshold = 0.5
"""


def test_what_is_registered() -> None:
    claims = {claim.name: claim for claim in registered().claims}
    halved = claims["search-time-halved"]
    assert halved.facts["threshold"] == 0.5 and halved.facts["cap"] == 300 and halved.facts["runs"] == 100
    assert halved.facts["accounts"] == ["unique_queries", "train_seconds"]
    assert "regularized_evolution (population_size 30, tournament_size 10)" in map(str, halved.baselines)
    assert [str(b) for b in claims["search-time-below-bayesian"].baselines] == ["gp_bo", "bananas"]
    assert claims["cifar10-96.2"].facts["target"] == 96.2
    assert len(claims["three-objectives-balanced"].baselines) == 5
    assert {"theory-verified"} < set(claims)
    assert len(registered().sha256) == 64


def test_facts_are_what_is_not_prose() -> None:
    (claim,) = parse(CLAIM.format(name="a", kind="theory")).claims
    assert claim.facts == {"threshold": 0.5} and claim.baselines == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CLAIM.format(name="a", kind="theory") * 2, "share a name"),
        (CLAIM.format(name="a", kind="theries"), "did you mean 'theory'"),
        (CLAIM.format(name="a", kind="theory").replace('rule = "r"', ""), "rule"),
    ],
)
def test_a_faulty_registration_is_refused(text: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        parse(text)


def test_selection() -> None:
    chosen = registered().select(["theory-verified", "cifar10-96.2", "theory-verified"])
    assert [claim.name for claim in chosen] == ["theory-verified", "cifar10-96.2"]
    assert registered().select([]) == registered().claims
    with pytest.raises(NasbenchError, match="did you mean 'theory-verified'"):
        registered().select(["theory-verifed"])
