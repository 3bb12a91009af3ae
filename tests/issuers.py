"""An issuer of tokens: keys of its own, and a real HTTP server with the public ones."""

import base64
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from server.key_sets import KeySet
from server.settings import Settings
from server.tokens import TokenClaims, TokenRefusal, Tokens

ISSUER: Final = "https://login.example.com/"
AUDIENCE: Final = "florin"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}


class SigningKey:
    """A private key of an issuer, for one algorithm."""

    def __init__(self, key_id: str | None = "k1", algorithm: str = "ES256") -> None:
        self.id = key_id
        self.algorithm = algorithm
        self.private: Private
        if algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[algorithm])
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def public(self) -> dict[str, Any]:
        """As it stands in a key set."""
        public: Any = self.private.public_key()
        if self.algorithm in _CURVES:
            found = ECAlgorithm.to_jwk(public, as_dict=True)
        elif self.algorithm == "EdDSA":
            found = OKPAlgorithm.to_jwk(public, as_dict=True)
        else:
            found = RSAAlgorithm.to_jwk(public, as_dict=True)
        return found | {"use": "sig"} | ({} if self.id is None else {"kid": self.id})

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:  # noqa: ANN401 - JSON
        """A token of these claims."""
        named = {} if self.id is None else {"kid": self.id}
        return jwt.encode(
            dict(claims),
            self.private,
            algorithm=self.algorithm,
            headers=named | header,
        )

    def sign_text(self, payload: bytes, **header: Any) -> str:  # noqa: ANN401 - JSON
        """A token of this text, whatever it is."""
        named = {} if self.id is None else {"kid": self.id}
        return jwt.PyJWS().encode(
            payload, self.private, algorithm=self.algorithm, headers=named | header
        )


class Issuer:
    """What the server answers with, and how often it was asked."""

    def __init__(self, url: str, *keys: SigningKey) -> None:
        self.url = url
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.asked = 0
        # Before the answer, and between its bytes.
        self.delay_seconds = 0.0
        self.pace_seconds = 0.0
        self.publish(*keys)

    def publish(self, *keys: SigningKey) -> None:
        """These are the keys from now on."""
        self.body = json.dumps({"keys": [key.public() for key in keys]}).encode()


def claims(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What a good token says; None leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice@example.com",
        "iat": now,
        "exp": now + 300,
        "florin_ledgers": "main",
        "scope": "openid florin:read florin:write",
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def believing(url: str) -> dict[str, Any]:
    """The settings of a server that believes the issuer whose keys are there."""
    return {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_url": url}


def settings(issuer: "Issuer", **changed: Any) -> Settings:  # noqa: ANN401
    """Those, and what is changed of them."""
    return Settings.model_validate(believing(issuer.url) | changed)


async def refusal(tokens: Tokens, token: str) -> str:
    """Why a token is refused; fails where it is not."""
    answer = await tokens.claims(token)
    assert isinstance(answer, TokenRefusal), answer
    return answer.message


async def believed(tokens: Tokens, token: str) -> TokenClaims:
    """What a token says; fails where it is not believed."""
    answer = await tokens.claims(token)
    assert isinstance(answer, TokenClaims), answer
    return answer


async def has(keys: KeySet, key_id: str | None = "old") -> bool:
    """Whether the issuer has a key of this name."""
    return await keys.key(key_id, "ES256") is not None


def part(value: object) -> str:
    """One of a token's three parts: JSON, or bytes as they are."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@contextmanager
def issuing(*keys: SigningKey, port: int = 0, certified: Path | None = None) -> Iterator[Issuer]:
    """An issuer that publishes these keys while the block runs.

    ``certified`` is a folder with a certificate for TLS (``tests.certificates``).
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            issuer.asked += 1
            time.sleep(issuer.delay_seconds)
            try:
                self._answer()
            except OSError:
                # Whoever asked has had enough of it.
                self.close_connection = True

        def _answer(self) -> None:
            self.send_response(issuer.status)
            for name, value in issuer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(issuer.body)))
            self.end_headers()
            if not issuer.pace_seconds:
                self.wfile.write(issuer.body)
                return
            for byte in issuer.body:
                self.wfile.write(bytes([byte]))
                time.sleep(issuer.pace_seconds)

        def log_message(self, format: str, *args: object) -> None:
            """Tests say what they have to say themselves."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if certified is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certified / "server.crt", certified / "server.key")
            # Each connection shakes hands in its own thread.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        issuer = Issuer(f"{scheme}://127.0.0.1:{server.server_address[1]}/jwks.json", *keys)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def keys_at(url: str, clock: Clock) -> AsyncIterator[KeySet]:
    """The keys at an address, let go of when the block ends."""
    keys = KeySet(url, clock=clock)
    try:
        yield keys
    finally:
        await keys.close()
