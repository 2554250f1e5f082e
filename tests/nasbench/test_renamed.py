from __future__ import annotations

import warnings

import pytest

from nasbench import __version__, renamed
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.renamed import New, RenamedWarning, with_new_names, with_new_words


def test_old_names_and_values_become_the_new_ones_with_a_warning() -> None:
    with pytest.warns(RenamedWarning, match="the key of s.toml repeats is called repeat_policy now"):
        read = with_new_names(
            {"repeats": "cached", "runs": 3}, {"repeats": New("repeat_policy", {"cached": "cache"})}, "key of s.toml"
        )
    assert read == {"repeat_policy": "cache", "runs": 3}


def test_the_release_without_an_old_word_is_one_to_come() -> None:
    with pytest.warns(RenamedWarning, match=f"version {renamed.WITHOUT} will not read the old word"):
        with_new_names({"repeats": 1}, {"repeats": New("repeat_policy")}, "key")
    release = [int(part) for part in __version__.split(".")[:2]]
    assert [int(part) for part in renamed.WITHOUT.split(".")] > release


def test_new_names_pass_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert with_new_names({"repeat_policy": "cache"}, {"repeats": New("repeat_policy")}, "key") == {
            "repeat_policy": "cache"
        }


def test_old_and_new_together_are_refused() -> None:
    with pytest.raises(NasbenchError, match="given twice"):
        with_new_names({"a": 1, "b": 2}, {"a": New("b")}, "key")


def test_old_commands_and_options_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    goal = New("--metric", {"regret": "final-regret"})
    options = {"tune": {"--goal": goal, "--copies": New("--perturbed-copies")}}
    monkeypatch.setattr(renamed, "OPTIONS", options)
    monkeypatch.setattr(renamed, "COMMANDS", {("claims",): ("hypotheses",)})
    with pytest.warns(RenamedWarning) as caught:
        assert with_new_words(["tune", "hybrid", "--goal", "regret", "--copies=3"]) == [
            "tune", "hybrid", "--metric", "final-regret", "--perturbed-copies=3"
        ]  # fmt: skip
        assert with_new_words(["claims", "a"]) == ["hypotheses", "a"]
    assert len(caught) == 3


def test_what_follows_a_double_dash_is_no_option() -> None:
    assert with_new_words(["tune", "--", "--goal"]) == ["tune", "--", "--goal"]


def test_a_warning_is_a_sentence_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    from nasbench.cli import main

    main._show_warning(RenamedWarning("old is new"), RenamedWarning, "f", 1)
    assert capsys.readouterr().err == "nasbench: old is new\n"
    assert status(["--version"]) == 0


@pytest.mark.parametrize(
    ("words", "today"),
    [
        ("search digits --federated --patience 5", "--client-timeout applies to clients that connect over a network"),
        ("search digits --federated --compare 1 --runtime loop", "--runtime is not used by --compare-seeds"),
        ("join 127.0.0.1:1 --patience 0", "--client-timeout is 0.0; it should be a positive number"),
        (
            "search digits --selection derive --stopping skips --rank 1 --optimizer nothing",
            "no optimizer named 'nothing'",
        ),
    ],
)
def test_words_of_the_first_edition_are_read(words: str, today: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    with pytest.warns(RenamedWarning, match="is called"):
        assert status(words.split()) == 2
    assert today in capsys.readouterr().err.splitlines()[-1]
