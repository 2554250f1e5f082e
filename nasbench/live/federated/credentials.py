"""Authentication of clients by a shared token, and TLS certificates for encryption.

The token is never transmitted. The server sends each connecting client a fresh challenge, and the client answers with
the HMAC-SHA256 of the challenge, its number and its number of examples under the token. An eavesdropper therefore
neither learns the token nor can replay an answer. The token does not protect later messages from being read or
modified, nor does it authenticate the server: certificates (TLS) do. Anyone who knows the token can register as any
client that is not connected.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from nasbench.errors import NasbenchError

VARIABLE = "NASBENCH_TOKEN"
"""Environment variable with the token if no file is given."""

SHORTEST = 16
"""Minimum length of a token: an eavesdropper can try tokens offline against one recorded answer."""

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "server.pem", "server.key"
"""Files of a certificates folder; a client needs only the first."""


@dataclass(frozen=True)
class Credentials:
    """Credentials of a server or client.

    Attributes:
        token: shared secret, "" for none: then any client may take part.
        certificates: folder with `AUTHORITY`, and for a server `CERTIFICATE` and `KEY`; None for no encryption.
    """

    token: str = field(default="", repr=False)
    certificates: Path | None = None

    @classmethod
    def read(cls, token_file: Path | None = None, certificates: Path | None = None) -> Credentials:
        """Read the token from a file, or else from the environment, and the certificates from a folder.

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
        """Return the proof that a client knows the token, "" without a token."""
        if not self.token:
            return ""
        said = f"nasbench join {challenge} {client} {examples}"
        return hmac.new(self.token.encode(), said.encode(), "sha256").hexdigest()

    def proves(self, proof: object, challenge: str, client: object, examples: object) -> bool:
        """Return whether `proof` is valid for `client`, comparing in constant time; without a token every proof is
        valid.
        """
        if not self.token:
            return True
        if type(client) is not int or type(examples) is not int or type(proof) is not str:
            return False
        return hmac.compare_digest(proof.encode("utf-8", "replace"), self.proof(challenge, client, examples).encode())

    def server_certificates(self) -> tuple[bytes, bytes, bytes] | None:
        """Return authority, certificate and key, or None for no encryption."""
        if self.certificates is None:
            return None
        authority, certificate, key = (_content(self.certificates / name) for name in (AUTHORITY, CERTIFICATE, KEY))
        return authority, certificate, key

    def client_authority(self) -> bytes | None:
        """Return the authority that must have signed the server's certificate, or None for no encryption."""
        return None if self.certificates is None else _content(self.certificates / AUTHORITY)


def challenge() -> str:
    """Return a fresh random challenge."""
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
