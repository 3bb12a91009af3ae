"""What is asked for over HTTP, and what an answer says of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from ledger import identifiers
from tests.faults.recorder import Acknowledged, Asked, Item, Outcome, Unknown, Wrong

_RESULT: Final = """
    fragment Result on PostTransactionResult {
        __typename
        ... on PostTransactionSuccess { replayed transaction { id } }
        ... on Refusal { code message }
    }
"""
_ONE: Final = (
    "mutation ($input: PostTransactionInput!)"
    " { done: postTransaction(input: $input) { ...Result } }" + _RESULT
)
_CAPTURE: Final = (
    "mutation ($input: CaptureTransactionInput!)"
    " { done: captureTransaction(input: $input) { ...Result } }" + _RESULT
)
_BATCH: Final = (
    "mutation ($input: SubmitTransactionsInput!)"
    " { done: submitTransactions(input: $input) { results { ...Result } } }" + _RESULT
)
# Enough of an answer to tell which of several reasons it gives.
_SAID_MAX: Final = 120
# What says that nothing can be said now; everything else is an answer, and here a wrong one.
_LATER: Final = frozenset({429, 502, 503, 504})


def body(asked: Asked) -> bytes:
    """The request's body; the same bytes each time that it is sent."""
    if len(asked.items) > 1:
        items = [_batched(item) for item in asked.items]
        return orjson.dumps({"query": _BATCH, "variables": {"input": {"items": items}}})
    (item,) = asked.items
    query = _CAPTURE if item.kind == "capture" else _ONE
    return orjson.dumps({"query": query, "variables": {"input": _input(item)}})


def _batched(item: Item) -> Mapping[str, Any]:
    return {"capture" if item.kind == "capture" else "post": _input(item)}


def _input(item: Item) -> Mapping[str, Any]:
    if item.kind == "capture":
        return {"idempotencyKey": item.key, "transaction": {"idempotencyKey": item.hold}}
    return {
        "idempotencyKey": item.key,
        "pending": item.kind == "hold",
        "postings": [
            {
                "debit": {"code": one.debit},
                "credit": {"code": one.credit},
                "amount": f"{one.amount // 100}.{one.amount % 100:02}",
            }
            for one in item.movements
        ],
    }


def outcome(asked: Asked, status: int, content: bytes) -> Outcome:
    """What a client that got this answer knows of its request."""
    if status in _LATER:
        return Unknown(str(status), content[:_SAID_MAX].decode(errors="replace"))
    if status != 200:
        return Wrong(f"{status}: {content[:300]!r}")
    try:
        done = orjson.loads(content)["data"]["done"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Wrong(f"{content[:300]!r}")
    results = done["results"] if len(asked.items) > 1 else [done]
    return _results(asked, results)


def _results(asked: Asked, results: Sequence[Mapping[str, Any]]) -> Outcome:
    refused = [one for one in results if one["__typename"] != "PostTransactionSuccess"]
    if refused:
        return Wrong(f"{refused[0]['code']}: {refused[0]['message']}")
    if len(results) != len(asked.items):
        return Wrong(f"{len(results)} results for {len(asked.items)} items")
    ids = [identifiers.parse("txn", one["transaction"]["id"]) for one in results]
    return Acknowledged(
        tuple(one for one in ids if one is not None), tuple(one["replayed"] for one in results)
    )
