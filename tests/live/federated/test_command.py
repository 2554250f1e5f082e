"""What the command line of a federated search takes, and what it refuses rather than ignores."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.federated.credentials import VARIABLE, Credentials

LISTEN = "--listen 127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            "federated search digits --client-timeout 600",
            "--client-timeout applies to clients that connect over a network",
        ),
        ("federated search digits --token-file x", "--token-file applies to clients that connect over a network"),
        ("federated search digits --certificates x", "--certificates applies to clients that connect over a network"),
        ("federated search digits --clients 0 --runtime loop", "The number of clients is 0; it should be 1 or more"),
        ("federated search digits --no-local-only", "--local-only belongs to a comparison"),
        ("federated search digits --compare-seeds 1 --runtime loop", "--runtime is not used by --compare-seeds"),
        ("federated search digits --compare-seeds 1 --listen 127.0.0.1:1", "--listen is not used by --compare-seeds"),
        (f"federated search digits {LISTEN} --runtime flower", "--runtime says how clients are simulated"),
        (
            f"federated search digits {LISTEN} --client-timeout 0",
            "--client-timeout is 0.0; it should be a positive number",
        ),
        (f"federated search digits {LISTEN} --token-file /nowhere", "token file /nowhere cannot be read"),
        (f"federated search digits {LISTEN} --certificates /nowhere", "/nowhere/ca.pem cannot be read"),
        ("search digits --optimizer gaea --queries 10", "--queries applies to optimizers that train from scratch"),
        ("search digits --optimizer gaea --time-budget-seconds 1", "--time-budget-seconds applies to optimizers"),
        (
            "search digits --optimizer random_search --search-epochs 10",
            "--search-epochs applies to searches with shared",
        ),
        (
            "search digits --optimizer random_search --queries 10 --time-budget-seconds 1",
            "--queries and --time-budget-seconds are two budgets",
        ),
        ("federated join 127.0.0.1:1 --partition inf", "--partition partitions the examples among several clients"),
        ("federated join 127.0.0.1:1 --seed 0", "--seed partitions the examples among several clients"),
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
