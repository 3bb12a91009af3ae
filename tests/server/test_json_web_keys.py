"""A key set is read for what verifies signatures, each key for what it is made for."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from server import json_web_keys
from tests.issuers import SigningKey

KEYS = {name: SigningKey(name, name) for name in ("RS256", "ES256", "ES384", "ES512", "EdDSA")}
GOOD = KEYS["ES256"].public()


def read(*keys: object) -> tuple[json_web_keys.Key, ...]:
    return json_web_keys.read(json.dumps({"keys": [*keys]}).encode())


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("ES512", {"ES512"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_a_key_verifies_what_its_type_and_curve_can(name: str, algorithms: set[str]) -> None:
    (key,) = read(KEYS[name].public())
    assert (key.id, set(key.algorithms)) == (name, algorithms)


def test_a_key_that_names_its_algorithm_verifies_no_other() -> None:
    (key,) = read(KEYS["RS256"].public() | {"alg": "PS384"})
    assert key.algorithms == {"PS384"}


def small(bits: int) -> dict[str, Any]:
    private = rsa.generate_private_key(65537, bits)
    return RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac", "alg": "ES256"},
        GOOD | {"use": "enc"},
        GOOD | {"use": ["sig"]},
        GOOD | {"key_ops": ["sign"]},
        GOOD | {"key_ops": "verify"},
        GOOD | {"alg": "HS256"},
        GOOD | {"alg": "none"},
        GOOD | {"alg": "RS256"},
        GOOD | {"alg": ["ES256"]},
        GOOD | {"kid": 1},
        GOOD | {"kty": "RSA"},
        GOOD | {"kty": None},
        GOOD | {"kty": ["EC"]},
        GOOD | {"crv": "P-384"},
        GOOD | {"crv": "secp256k1"},
        GOOD | {"x": GOOD["y"]},
        GOOD | {"x": "!"},
        GOOD | {"x": 1},
        GOOD | {"x": ""},
        {name: value for name, value in GOOD.items() if name != "y"},
        KEYS["EdDSA"].public() | {"crv": "X25519"},
        KEYS["EdDSA"].public() | {"x": "AAAA"},
        KEYS["RS256"].public() | {"n": "AQAB"},
        KEYS["RS256"].public() | {"e": "AA"},
        KEYS["RS256"].public() | {"n": "AQAB" * 3000},
        small(1024),
        {},
        None,
        [],
        "key",
    ],
)
def test_a_key_for_something_else_or_not_in_order_is_left_out(bad: object) -> None:
    assert [key.id for key in read(bad, GOOD)] == ["ES256"]
    with pytest.raises(ValueError, match="no key that verifies"):
        read(bad)


def test_of_a_private_key_only_the_public_part_is_read() -> None:
    """An issuer that publishes its private keys has other worries; here none is ever held."""
    private: Any = KEYS["ES256"].private
    (key,) = read(ECAlgorithm.to_jwk(private, as_dict=True) | {"kid": "k"})
    assert not hasattr(key.public, "private_numbers")
