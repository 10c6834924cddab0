"""A TLS server on loopback that plays an issuer with good and bad manners."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cdk_streamer_runtime.auth.https_source import LIMIT_BYTES
from tests.runtime.auth import issuer


@dataclass
class HttpsOrigin:
    """Where the server is, what it was asked for, and the certificate to trust."""

    port: int
    ca_bundle: Path
    paths: list[str] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"


class _Issuer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is made for this

    def do_GET(self) -> None:
        self.server.origin.paths.append(self.path)
        getattr(self, f"_{self.path.partition('?')[0].removeprefix('/')}")()

    def _jwks(self) -> None:
        self._send(issuer.published())

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = issuer.published()
        for piece in (body[:100], body[100:]):
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _redirect(self) -> None:
        self._send(b"", status=302, location="/jwks")

    def _permanent(self) -> None:
        self._send(b"", status=308, location=self.server.origin.url("/jwks"))

    def _down(self) -> None:
        self._send(issuer.published(), status=503)

    def _created(self) -> None:
        self._send(issuer.published(), status=201)

    def _largest(self) -> None:
        self._send(issuer.published().ljust(LIMIT_BYTES))

    def _large(self) -> None:
        self._send(issuer.published().ljust(LIMIT_BYTES + 1))

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while not self.server.origin.leave.is_set():
            self.wfile.write(b" " * 65_536)

    def _silent(self) -> None:
        self.server.origin.leave.wait()

    def _dripping_body(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self._drip(b" ")

    def _dripping_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._drip(b"x")

    def _closing(self) -> None:
        self.close_connection = True

    def _garbage(self) -> None:
        self.wfile.write(b"\0\1\2 this is no HTTP\r\n\r\n")
        self.close_connection = True

    def _drip(self, sign: bytes) -> None:
        # Each wait is shorter than any timeout: only a limit on the whole ends this.
        while not self.server.origin.leave.wait(0.02):
            self.wfile.write(sign)
            self.wfile.flush()

    def _send(self, body: bytes, *, status: int = 200, location: str | None = None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
        """Stay silent: these tests listen to what is written."""


class _Server(ThreadingHTTPServer):
    origin: HttpsOrigin

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


@contextlib.contextmanager
def https_origin(folder: Path) -> Iterator[HttpsOrigin]:
    certificate, private_key = _certificate(folder)
    server = _Server(("127.0.0.1", 0), _Issuer)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, private_key)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    origin = HttpsOrigin(server.server_address[1], certificate)
    server.origin = origin
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield origin
    finally:
        origin.leave.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    today = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
