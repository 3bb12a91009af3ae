"""Automatic persisted queries, as Apollo's clients speak of them.

A client sends the SHA-256 of a document without the document; told that it is not known, it sends
both, and from then on the hash is enough, in a GET's query string too. The hashes are forgotten
with the documents that they stand for, and every process has its own: the client then sends both
again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError

_VERSION: Final = 1
_CODES: Final = frozenset({"PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"})


def digest(named: object) -> str | None:
    """The hash in `extensions.persistedQuery`; None where it is not what this speaks.

    Clients with a manifest put a trusted document's id there, whatever its form.
    """
    if not isinstance(named, dict) or named.get("version") != _VERSION:
        return None
    value = named.get("sha256Hash")
    return value if isinstance(value, str) and value else None


def of(text: str) -> str:
    """The hash of a document."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def not_found() -> GraphQLError:
    """Asks the client to send the document with its hash; the message is the protocol's."""
    return GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})


def not_supported() -> GraphQLError:
    """Asks the client to send the document without a hash; the message is the protocol's."""
    return GraphQLError(
        "PersistedQueryNotSupported", extensions={"code": "PERSISTED_QUERY_NOT_SUPPORTED"}
    )


def mismatch() -> GraphQLError:
    """The document is not the one that the hash is of."""
    return GraphQLError(
        "`sha256Hash` is not the SHA-256 of `query`, in lower-case hexadecimal digits.",
        extensions={"code": "PERSISTED_QUERY_HASH_MISMATCH"},
    )


def is_negotiation(errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are a step of the protocol, which its clients expect with status 200."""
    return any(error.get("extensions", {}).get("code") in _CODES for error in errors)
