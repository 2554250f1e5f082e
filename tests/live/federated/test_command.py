"""What the command line of a federated search takes, and what it refuses rather than ignores."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.federated.command import FederationOptions
from nasbench.live.federated.credentials import VARIABLE, Credentials

LISTEN = "--federated --listen 127.0.0.1:1"


@pytest.mark.parametrize("field", [field.name for field in fields(FederationOptions)])
def test_no_option_of_a_federated_search_is_ignored_without_it(field: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even where it is given the value that it has anyway."""
    usual = getattr(FederationOptions(), field)
    name = "--" + field.replace("_", "-")
    assert status(["search", "digits", name, str(1 if usual is None else usual)]) == 2
    told = capsys.readouterr().err
    assert told == f"nasbench: {name} is an option of federated search; add --federated, or leave it out.\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("search digits --federated --queries 10", "--queries is no budget of a federated search"),
        ("search digits --federated --seconds 1", "--seconds is no budget of a federated search"),
        ("search digits --federated --client-timeout 600", "--client-timeout is of clients that come over a network"),
        ("search digits --federated --token-file x", "--token-file is of clients that come over a network"),
        ("search digits --federated --certificates x", "--certificates is of clients that come over a network"),
        ("search digits --federated --compare 1 --runtime loop", "--runtime is not used by --compare"),
        ("search digits --federated --compare 1 --listen 127.0.0.1:1", "--listen is not used by --compare"),
        (f"search digits {LISTEN} --runtime flower", "--runtime is how clients are simulated"),
        (f"search digits {LISTEN} --client-timeout 0", "--client-timeout is 0.0; it should be a positive number"),
        (f"search digits {LISTEN} --token-file /nowhere", "token file /nowhere cannot be read"),
        (f"search digits {LISTEN} --certificates /nowhere", "/nowhere/ca.pem cannot be read"),
        ("search digits --optimizer gaea --queries 10", "--queries is of optimizers that train alone"),
        ("search digits --optimizer gaea --seconds 1", "--seconds is of optimizers that train alone"),
        ("search digits --optimizer random_search --search-epochs 10", "--search-epochs is of searches on shared"),
        ("search digits --optimizer random_search --queries 10 --seconds 1", "--queries and --seconds are two budgets"),
        ("join 127.0.0.1:1 --partition inf", "--partition deals out the examples to several clients"),
        ("join 127.0.0.1:1 --seed 0", "--seed deals out the examples to several clients"),
    ],
)
def test_what_would_not_be_used_is_refused(words: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(words.split()) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert reason in last and last.startswith("nasbench: ")


def test_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("  0123456789abcdef\n", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, "of the environment")
    ours, environment = Credentials.read(file), Credentials.read()
    assert (ours.token, environment.token) == ("0123456789abcdef", "of the environment")
    assert "0123" not in repr(ours)
    proof = ours.proof("a challenge", 1, 40)
    assert ours.proves(proof, "a challenge", 1, 40) and "0123456789abcdef" not in proof
    for spoilt in (
        ("", "a challenge", 1, 40),
        (proof, "another challenge", 1, 40),
        (proof, "a challenge", 2, 40),
        (proof, "a challenge", 1, 41),
        (proof, "a challenge", True, 40),
        (proof, "a challenge", "1", 40),
        (proof, "a challenge", 1, 40.0),
        (proof.upper(), "a challenge", 1, 40),
        ("\ud800", "a challenge", 1, 40),
        (None, "a challenge", 1, 40),
        (environment.proof("a challenge", 1, 40), "a challenge", 1, 40),
    ):
        assert not ours.proves(*spoilt)
    assert Credentials().proves(None, "", None, None), "without a token whoever comes takes part"
    for short in ("", "too short"):
        file.write_text(short, encoding="utf-8")
        with pytest.raises(NasbenchError, match="16 or more"):
            Credentials.read(file)
    file.write_bytes(b"\xff" * 32)
    with pytest.raises(NasbenchError, match="cannot be read"):
        Credentials.read(file)
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(NasbenchError, match="not in the PEM format"):
        Credentials.read(certificates=tmp_path).client_authority()
