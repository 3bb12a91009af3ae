"""Public keys as an issuer publishes them: a JSON Web Key Set, read without trusting its form."""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

# An issuer has two or three; each is a few milliseconds to read.
KEYS_MAX: Final = 100
# Shorter ones are not safe any more, and longer ones slow to verify with.
_RSA_BITS_MIN: Final = 2048
_RSA_BITS_MAX: Final = 8192

# What keys of a type and curve can verify.
_ALGORITHMS: Final = {
    ("RSA", None): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    ("OKP", "Ed448"): frozenset({"EdDSA"}),
}
_READERS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
# Nothing else of a key is read: no private part, no certificate, no address.
_PUBLIC: Final = ("kty", "crv", "n", "e", "x", "y")


class Key(msgspec.Struct, frozen=True):
    """A public key, its id where it has one, and the algorithms that it may be used with."""

    id: str | None
    algorithms: frozenset[str]
    public: Any


def read(text: bytes) -> tuple[Key, ...]:
    """The keys of a set that verify signatures, in its order; others in it are left out.

    Raises ValueError where it is no key set, is too large or has no such key.
    """
    try:
        keys = json.loads(text)["keys"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise ValueError("it is not a JSON object with a list of keys") from None
    if not isinstance(keys, list) or len(keys) > KEYS_MAX:
        raise ValueError(f"it has no list of at most {KEYS_MAX} keys")
    usable = tuple(key for one in keys if (key := _key(one)) is not None)
    if not usable:
        raise ValueError("it has no key that verifies signatures")
    return usable


def _key(given: object) -> Key | None:
    """One key; None where it is for something else or not in order."""
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    operations = given.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    key_id, key_type, curve = given.get("kid"), given.get("kty"), given.get("crv")
    if not all(value is None or isinstance(value, str) for value in (key_id, key_type, curve)):
        return None
    algorithms = _ALGORITHMS.get((str(key_type), curve), frozenset())
    if "alg" in given:
        algorithms &= {str(given["alg"])}
    if not algorithms:
        return None
    public = _public(str(key_type), given)
    return None if public is None else Key(key_id, algorithms, public)


def _public(key_type: str, given: dict[str, Any]) -> Any:  # noqa: ANN401 - one of four classes
    material: dict[str, Any] = {name: given[name] for name in _PUBLIC if name in given}
    if not all(isinstance(value, str) for value in material.values()):
        return None
    try:
        public = _READERS[key_type](material)
    except (InvalidKeyError, ValueError):
        return None
    if isinstance(public, RSAPublicKey) and not (_RSA_BITS_MIN <= public.key_size <= _RSA_BITS_MAX):
        return None
    return public
