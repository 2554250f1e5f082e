"""Certificates for servers and clients on loopback."""

from __future__ import annotations

import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certify(folder: Path, who: str) -> None:
    """Make an authority, `ca.pem`, and a certificate of 127.0.0.1 with its key, `WHO.pem` and `WHO.key`."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def certificate(subject: str, key: Any, issuer: Any, authority: bool) -> Any:
        now = datetime.datetime.now(datetime.UTC)
        built = x509.CertificateBuilder(name("authority"), name(subject), key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        built = built.add_extension(x509.BasicConstraints(authority, None), True)
        here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return built.add_extension(here, False).sign(issuer, hashes.SHA256())

    folder.mkdir()
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(certificate("authority", keys[0], keys[0], True).public_bytes(pem))
    (folder / f"{who}.pem").write_bytes(certificate(who, keys[1], keys[0], False).public_bytes(pem))
    private = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{who}.key").write_bytes(private)
