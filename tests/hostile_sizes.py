"""Requests that are in order but for their size, by what is large."""

from collections.abc import Callable
from typing import Any, Final

from tests.api import CREATE_USER, POST_TRANSACTION, POST_TRANSACTIONS

MEGABYTE: Final = 1024 * 1024

DOCUMENTS: Final[dict[str, Callable[[int], str]]] = {
    "a comment": lambda n: "{ __typename } #" + "a" * n,
    "spaces": lambda n: "{ __typename }" + " " * n,
    "lines": lambda n: "{ __typename }" + "\n" * n,
    "a string": lambda n: '{ user(by: { username: "' + "a" * n + '" }) { id } }',
    "a block string": lambda n: '{ user(by: { username: """' + "a\n" * (n // 2) + '""" }) { id } }',
    "a name": lambda n: "{" + "a" * n + "}",
    "a number": lambda n: "{ users(first: " + "9" * n + ") { totalCount } }",
    "errors behind many lines": lambda n: (
        "{" + "\n" * (n // 8) + " ".join(f"x{i}" for i in range(100)) + "}"
    ),
}
NODES: Final = "query ($given: [ID!]!) { nodes(ids: $given) { id } }"
USERS: Final = "query ($given: String) { users(filter: { usernamePrefix: $given }) { totalCount } }"
FREEZE: Final = """
    mutation ($given: String) {
        freezeAccount(input: { account: { code: $given } }) {
            __typename
            ... on Refusal { code message path }
        }
    }
"""
LEG: Final = {"debit": {"code": "cash"}, "credit": {"code": "wallet"}, "amount": "0.01"}
EMPTY: Final = {"idempotencyKey": "", "postings": []}


def _user(metadata: object) -> dict[str, Any]:
    return {"input": {"username": "a", "email": "a@b", "metadata": metadata}}


VARIABLES: Final[dict[str, tuple[str, Callable[[], dict[str, Any]]]]] = {
    "a million ids": (NODES, lambda: {"given": ["a"] * 1_000_000}),
    "100,000 transactions": (
        POST_TRANSACTIONS,
        lambda: {"input": {"transactions": [EMPTY] * 100_000}},
    ),
    "100,000 postings": (
        POST_TRANSACTION,
        lambda: {"input": {"idempotencyKey": "k", "postings": [LEG] * 100_000}},
    ),
    "5,000,000 numbers as metadata": (CREATE_USER, lambda: _user({"a": [0] * 5_000_000})),
    "a million keys as metadata": (
        CREATE_USER,
        lambda: _user({"a": {f"{n}": n for n in range(1_000_000)}}),
    ),
    "15 MB of text as metadata": (CREATE_USER, lambda: _user({"a": "x" * 15_000_000})),
    "15 MB of prefix": (USERS, lambda: {"given": "é" * 7_500_000}),
    "99,000 objects as metadata": (CREATE_USER, lambda: _user({"a": [{"b": 1}] * 99_000})),
    "99,000 keys as metadata": (
        CREATE_USER,
        lambda: _user({"a": {f"{n}": {} for n in range(99_000)}}),
    ),
    "99,000 transactions": (
        POST_TRANSACTIONS,
        lambda: {"input": {"transactions": [{}] * 99_000}},
    ),
    "33,000 postings": (
        POST_TRANSACTION,
        lambda: {"input": {"idempotencyKey": "k", "postings": [LEG] * 33_000}},
    ),
    "99,000 ids": (NODES, lambda: {"given": ["a"] * 99_000}),
    "15 MB of escapes": (USERS, lambda: {"given": "\x01" * 2_500_000}),
    "15 MB of nothing": ("{ __typename }", lambda: {"unused": [0] * 7_500_000}),
}
