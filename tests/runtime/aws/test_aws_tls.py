"""Whom the lean client trusts."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import Unreachable
from tests.runtime.aws.service import Service, get


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A key and a certificate for this machine that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def service(certificate: Path) -> Iterator[Service]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    service = Service(context)
    yield service
    service.close()


def test_a_service_is_trusted_by_the_bundle_of_the_environment(
    environment: AwsEnvironment, make_client: Callable, certificate: Path, service: Service
):
    client = make_client(lambda: replace(environment, ca_bundle=str(certificate)))
    get(client)
    get(client)
    assert [request.connection for request in service.requests] == [1, 1]


def test_a_service_that_nobody_vouches_for_is_refused_at_once(client, service, time):
    with pytest.raises(Unreachable, match="certificate is not trusted; set AWS_CA_BUNDLE"):
        get(client)
    assert (service.requests, time.pauses) == ([], [])


def test_a_service_under_another_name_is_refused(environment, make_client, certificate, service):
    elsewhere = replace(
        environment,
        ca_bundle=str(certificate),
        endpoint=service.url.replace("127.0.0.1", "localhost"),
    )
    with pytest.raises(Unreachable, match="certificate is not trusted"):
        get(make_client(lambda: elsewhere))


def test_a_bundle_that_does_not_exist_is_named(environment, make_client):
    with pytest.raises(ValueError, match="'/no/such/bundle', which does not exist"):
        get(make_client(lambda: replace(environment, ca_bundle="/no/such/bundle")))
