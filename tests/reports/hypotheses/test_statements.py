from __future__ import annotations

import pytest

from nasbench.errors import NasbenchError
from nasbench.renamed import RenamedWarning
from nasbench.reports.hypotheses.statements import Baseline, StudyHypothesis, TimeToTargetRatio, load_statements, parse

CLAIM = """
[[hypotheses]]
name = "{name}"
kind = "{kind}"
statement = "s"
decision_rule = "r"
falsified_by = "c"
"""


def baselines(name: str) -> tuple[Baseline, ...]:
    (found,) = load_statements().select([name])
    assert isinstance(found, StudyHypothesis)
    return found.baselines


def test_what_is_load_statements() -> None:
    claims = {claim.name: claim for claim in load_statements().hypotheses}
    halved = claims["search-time-halved"]
    assert isinstance(halved, TimeToTargetRatio) and halved.threshold == halved.bound == 0.5
    assert halved.query_cap == 300 and halved.runs == 300
    assert halved.studies == ("hybrid-claim", "hybrid-claim-again"), "a repetition is part of the hypothesis"
    assert halved.accounts == ("unique_queries", "train_seconds")
    assert "regularized_evolution (population_size 30, tournament_size 10)" in map(str, halved.baselines)
    assert [str(b) for b in baselines("search-time-below-bayesian")] == ["gp_bo", "bananas"]
    assert claims["cifar10-96.2"].bound == 96.2
    assert len(baselines("three-objectives-balanced")) == 5
    assert {"theory-verified"} < set(claims)
    assert len(load_statements().sha256) == 64


def test_keys_of_the_first_edition_are_read_and_warned_of() -> None:
    old = CLAIM.format(name="a", kind="theory").replace("hypotheses", "claims").replace("decision_rule", "rule")
    with pytest.warns(RenamedWarning) as warned:
        assert parse(old).hypotheses == parse(CLAIM.format(name="a", kind="theory")).hypotheses
    assert {str(one.message).split(" is called ")[0] for one in warned} == {"the key claims", "the key rule"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CLAIM.format(name="a", kind="theory") * 2, "share a name"),
        (CLAIM.format(name="a", kind="theries"), "did you mean 'theory'"),
        (
            CLAIM.format(name="a", kind="theory").replace('decision_rule = "r"', ""),
            r"line 2, hypotheses\[0\]: it lacks the key 'decision_rule'",
        ),
        (CLAIM.format(name="a", kind="theory") + "threshold = 0.5", r"line 8, .*no key 'threshold'"),
        (CLAIM.format(name="a", kind="ablation"), "lacks the key 'studies'"),
    ],
)
def test_a_faulty_registration_is_refused(text: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        parse(text)


def test_selection() -> None:
    chosen = load_statements().select(["theory-verified", "cifar10-96.2", "theory-verified"])
    assert [claim.name for claim in chosen] == ["theory-verified", "cifar10-96.2"]
    assert load_statements().select([]) == load_statements().hypotheses
    with pytest.raises(NasbenchError, match="did you mean 'theory-verified'"):
        load_statements().select(["theory-verifed"])
