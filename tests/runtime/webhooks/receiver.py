"""A receiver of webhooks on this machine: real TLS, with a certificate of a CA of its own."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "hooks.example.com"
Answer = bytes | Callable[[ssl.SSLSocket], None]


class Receiver:
    """Takes one connection after the other, keeps the requests, and answers as it is told."""

    def __init__(self, folder: Path, *, host: str = HOST) -> None:
        certificate, key = certified(folder, host)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        self.trusting = ssl.create_default_context(cafile=certificate)
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.dialed: list[str] = []
        self.answer: Answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self._tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def dial(self, address: str, timeout: float) -> socket.socket:
        """Connect to the receiver, whatever public address was found for its name."""
        self.dialed.append(address)
        return socket.create_connection(self._listener.getsockname(), timeout)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(plain,), daemon=True).start()

    def _take(self, plain: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(plain, server_side=True) as secure:
                self.requests.append(read(secure))
                if callable(self.answer):
                    self.answer(secure)
                else:
                    secure.sendall(self.answer)
        except OSError:
            plain.close()


def read(secure: ssl.SSLSocket) -> bytes:
    """Read a request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += secure.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < int(lengths[0].split(b":")[1]):
        body += secure.recv(65536)
    return head + b"\r\n\r\n" + body


def certified(folder: Path, host: str) -> tuple[Path, Path]:
    """Make a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{host}.pem", folder / f"{host}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
