"""The certificate of this machine's endpoints: an authority that signs once and is forgotten.

What trusts the bundle trusts one server key on loopback; the authority's own key is never stored,
so nobody can make another certificate with it.
"""

from __future__ import annotations

import datetime as dt
import os
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_streamer_local.cache import cache_folder, exclusive

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

VALID = dt.timedelta(days=397)  # what browsers accept at most
_RENEW = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files in PEM. `bundle` adds the authority to what this machine trusts anyway."""

    authority: Path
    bundle: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Give what a client needs that trusts the same."""
        return ssl.create_default_context(cafile=str(self.bundle))


def server_certificate() -> Certificate:
    """Give the certificate for 127.0.0.1 and localhost; made when missing or about to expire."""
    folder = cache_folder() / "tls"
    files = Certificate(
        authority=folder / "authority.pem",
        bundle=folder / "bundle.pem",
        certificate=folder / "server.pem",
        key=folder / "server-key.pem",
    )
    with exclusive(folder):
        if not _is_good(files):
            _make(files)
    return files


def _is_good(files: Certificate) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        complete = files.key.exists() and files.bundle.exists() and files.authority.exists()
    except (OSError, ValueError):
        return False
    now = dt.datetime.now(dt.UTC)
    return complete and certificate.not_valid_after_utc - now > _RENEW


def _make(files: Certificate) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    server = _server(authority, authority_key, server_key)
    key = server_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    trusted = authority.public_bytes(serialization.Encoding.PEM)
    _write(files.key, key)
    _write(files.authority, trusted)
    _write(files.bundle, b"\n".join([_machine_roots(), trusted]))
    # Last: its presence says that the others are there.
    _write(files.certificate, server.public_bytes(serialization.Encoding.PEM))


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = _name("cdk-streamer local authority")
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _server(
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    key: EllipticCurvePrivateKey,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    return (
        _builder(_name("localhost"), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    from cryptography import x509

    now = dt.datetime.now(dt.UTC)
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _machine_roots() -> bytes:
    """Give what this machine trusts: functions may call the world with the same bundle."""
    system = ssl.get_default_verify_paths()
    roots = Path(system.cafile or system.openssl_cafile)
    return roots.read_bytes() if roots.is_file() else b""


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
