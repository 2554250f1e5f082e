"""Who may take part: those who know a token, and under which certificates they talk.

The token is never sent. The server sends each client that comes a challenge of its own, and the client answers with the HMAC-SHA256 of
the challenge, its number and its examples under the token. So a listener learns no token and cannot use what it heard again. What the
token does not do is to keep what travels afterwards from being read or changed on the way, or a server from being somebody else's:
that is what certificates (TLS) are for. Whoever knows the token may be any client that is not there yet.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from nasbench.errors import NasbenchError

VARIABLE = "NASBENCH_TOKEN"
"""Environment variable that holds the token where no file is named."""

SHORTEST = 16
"""Characters that a token has at least: who heard one answer can try tokens at leisure."""

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "server.pem", "server.key"
"""Files of a folder of certificates; a client needs the first alone."""


@dataclass(frozen=True)
class Credentials:
    """What one side has.

    Attributes:
        token: known to server and clients, "" for none: then whoever comes may take part.
        certificates: folder with `AUTHORITY`, and for a server `CERTIFICATE` and `KEY`; None to talk unencrypted.
    """

    token: str = field(default="", repr=False)
    certificates: Path | None = None

    @classmethod
    def read(cls, token_file: Path | None = None, certificates: Path | None = None) -> Credentials:
        """Return what a file, or else the environment, and a folder hold.

        Raises:
            NasbenchError: if the file cannot be read, or the token is too short.
        """
        token, source = os.environ.get(VARIABLE, "").strip(), VARIABLE
        if token_file is not None:
            source = str(token_file)
            try:
                token = token_file.read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as fault:
                raise NasbenchError(f"The token file {token_file} cannot be read ({fault}).") from None
        if (token or token_file) and len(token) < SHORTEST:
            raise NasbenchError(
                f"The token of {source} has {len(token)} characters; it should have {SHORTEST} or more, "
                "such as `openssl rand -hex 32` prints."
            )
        return cls(token, certificates)

    def proof(self, challenge: str, client: int, examples: int) -> str:
        """Return what shows that a client knows the token, "" without one."""
        if not self.token:
            return ""
        said = f"nasbench join {challenge} {client} {examples}"
        return hmac.new(self.token.encode(), said.encode(), "sha256").hexdigest()

    def proves(self, proof: object, challenge: str, client: object, examples: object) -> bool:
        """Return whether `proof` is that of `client`; compares in constant time. Without a token everything is proof."""
        if not self.token:
            return True
        if type(client) is not int or type(examples) is not int or type(proof) is not str:
            return False
        return hmac.compare_digest(proof.encode("utf-8", "replace"), self.proof(challenge, client, examples).encode())

    def server_certificates(self) -> tuple[bytes, bytes, bytes] | None:
        """Return authority, certificate and key, or None to talk unencrypted."""
        if self.certificates is None:
            return None
        authority, certificate, key = (_content(self.certificates / name) for name in (AUTHORITY, CERTIFICATE, KEY))
        return authority, certificate, key

    def client_authority(self) -> bytes | None:
        """Return the authority that a server's certificate must come from, or None to talk unencrypted."""
        return None if self.certificates is None else _content(self.certificates / AUTHORITY)


def challenge() -> str:
    """Return a text that was never sent before."""
    return secrets.token_hex(16)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise NasbenchError(
            f"{path} cannot be read ({fault.strerror}); --certificates names a folder with {AUTHORITY}, "
            f"and at the server {CERTIFICATE} and {KEY}."
        ) from None
    if b"-----BEGIN " not in content:
        raise NasbenchError(f"{path} is not in the PEM format; it should hold a certificate or a key.")
    return content
