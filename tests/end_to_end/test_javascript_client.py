"""The JavaScript client against the deployed application, in Node and in Chromium."""

from __future__ import annotations

import datetime as dt
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.clients.javascript import built, environment
from tests.end_to_end import running

PATIENCE = 300 * running.PATIENCE  # seconds for all of it on a busy machine
PAGE_HOST = "app.example.com"  # of the app's cors_origins


@pytest.fixture(scope="module")
def package() -> Path:
    """Give the built package with its tests."""
    return built()


@pytest.fixture
def variables(deployment) -> dict[str, str]:
    """Give what Node needs to trust the engine."""
    return environment() | {"NODE_EXTRA_CA_CERTS": deployment.stack.ca_bundle}


@pytest.fixture
def page_certificate(tmp_path) -> Path:
    """Give a file with a key and a certificate, signed by itself, for the browser's page."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PAGE_HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(PAGE_HOST)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = private.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "page.pem"
    file.write_bytes(key + certificate.public_bytes(pem))
    return file


@pytest.mark.calm("counts attempts and reports", "crash", "freeze", "lose")
def test_what_a_caller_wants_works_in_node_and_in_a_browser(
    deployment, package, variables, page_certificate
):
    told = {
        "STREAMER_URL": deployment.url,
        "STREAMER_PLAIN_URL": deployment.stack.plain_socket_url(),
        "STREAMER_TOKEN": deployment.token(sub=f"ann-{uuid.uuid4().hex[:8]}", tenant="acme"),
        "PAGE_HOST": PAGE_HOST,
        "PAGE_CERTIFICATE": str(page_certificate),
    }
    run = subprocess.run(
        ["node", "--test", "--test-timeout=120000", "--test-reporter=spec", ".build/deployed.js"],
        cwd=package,
        env=variables | told,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_lost_connection_is_replaced_and_the_result_arrives(
    deployment, package, variables, tmp_path
):
    owner = f"ann-{uuid.uuid4().hex[:8]}"
    release = tmp_path / "release"
    payload = f'{{"release": "{release}"}}'
    token = deployment.token(sub=owner, tenant="acme")
    words = ["examples/report.mjs", deployment.url, token, "linger", payload]
    with subprocess.Popen(
        ["node", *words],
        cwd=package,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as example:
        stderr: Any = example.stderr
        assert "%" in stderr.readline()  # the handler runs
        dropped = deployment.drop_connections_of(owner)
        release.touch()
        out, err = example.communicate(timeout=PATIENCE)

    assert dropped == 1
    assert out == '"released"\n', err
    assert "the connection was lost" in err
