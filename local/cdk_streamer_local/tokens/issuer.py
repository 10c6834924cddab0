"""The development issuer: a discovery document and its keys, over https on loopback."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from cdk_streamer_local.engine.certificate import Certificate
from cdk_streamer_local.engine.port import HOST, listen
from cdk_streamer_local.tokens.keys import SigningKey

DISCOVERY_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/.well-known/jwks.json"


class Issuer:
    """Serves the public halves of `keys`, asked anew each time."""

    def __init__(self, certificate: Certificate, keys: Callable[[], Sequence[SigningKey]]) -> None:
        self._keys = keys
        documents = {DISCOVERY_PATH: self._discovery, JWKS_PATH: self._jwks}

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                document = documents.get(self.path)
                status = HTTPStatus.OK if document else HTTPStatus.NOT_FOUND
                body = json.dumps(document() if document else {}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base's name
                """Say nothing: functions tell what they fetch."""

        self._server = _Server(listen(), Answers, certificate)
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="issuer", daemon=True
        ).start()

    @property
    def address(self) -> str:
        """Give the root of the documents; not the `iss` of tokens, which is the template's."""
        return f"https://{HOST}:{self._server.server_address[1]}"

    @property
    def jwks_url(self) -> str:
        """Give the address of the keys."""
        return self.address + JWKS_PATH

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _discovery(self) -> Mapping[str, Any]:
        return {
            "issuer": self.address,
            "jwks_uri": self.jwks_url,
            "id_token_signing_alg_values_supported": [key.algorithm for key in self._keys()],
        }

    def _jwks(self) -> Mapping[str, Any]:
        return {"keys": [key.jwk for key in self._keys()]}


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: Any, handler: type, certificate: Certificate) -> None:  # noqa: ANN401
        super().__init__((HOST, 0), handler, bind_and_activate=False)
        self.socket.close()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.certificate, certificate.key)
        # The handshake is done by the thread of the connection, not by the one that accepts.
        self.socket = tls.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        self.server_address = self.socket.getsockname()
