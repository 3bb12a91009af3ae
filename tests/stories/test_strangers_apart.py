"""Two ledgers on one server: what is done in one changes nothing in the other, by whatever way."""

import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from server import metrics
from tests import strangers
from tests.api import CREATE_USER, OPEN_ACCOUNT, POST_TRANSACTION, transaction
from tests.recorder import RecordingCursor, Statement
from tests.strangers import Stranger, Worlds

NODE: Final = "query ($id: ID!) { node(id: $id) { __typename id } }"
# Of all that `main` has, what others could add to or take from.
OURS: Final = """
    {
        users { totalCount nodes { id username } }
        accounts { totalCount nodes { id code balance { posted available asOf } version } }
        transactions {
            totalCount
            nodes { id createdBy createdByRequest postings { amount } entries { id balanceAfter } }
        }
        ledger {
            code name createdAt sealedThrough sealHead eventsThrough
            currencies { code }
            trialBalance { currency { code } debits credits accounts }
        }
    }
"""
THEIR_POST: Final = {
    "query": POST_TRANSACTION,
    "variables": {"input": transaction("another", ("their-cash", "their-wallet", "1.00"))},
}


@pytest.fixture(scope="module")
def worlds(shared_database_url: str) -> Iterator[Worlds]:
    """With somebody else's ledger, and without."""
    with strangers.two_worlds(shared_database_url) as both:
        yield both


@pytest.fixture
async def stranger(worlds: Worlds) -> AsyncIterator[Stranger]:
    """Somebody with the key of another ledger."""
    async with strangers.stranger(worlds) as somebody:
        yield somebody


async def test_what_is_read_of_a_ledger_is_the_same_whatever_others_have(
    stranger: Stranger,
) -> None:
    answer = await stranger.asks(OURS)
    assert '"errors"' not in answer
    # Not so much as a place in the order of events moves when somebody else posts.
    here, _ = stranger.apis
    before = (await here.client.post("/graphql", json={"query": OURS})).json()
    posted = (await stranger.others_send(THEIR_POST)).json()
    assert posted["data"]["postTransaction"]["__typename"] == "PostTransactionSuccess"
    after = (await here.client.post("/graphql", json={"query": OURS})).json()
    for account in [*before["data"]["accounts"]["nodes"], *after["data"]["accounts"]["nodes"]]:
        del account["balance"]["asOf"]
    assert after == before


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*"])
async def test_a_ledger_that_is_not_opened_is_as_one_that_is_not_there(
    stranger: Stranger, method: str, accept: str
) -> None:
    asked: dict[str, Any] = {"headers": {"florin-ledger": "theirs", "accept": accept}}
    asked |= {"json" if method == "POST" else "params": {"query": "{ ledger { code } }"}}
    told = await stranger.sends(method, **asked)
    assert told.status == 403
    assert method == "HEAD" or "opens no ledger" in told.body
    for path in ("/metrics", "/healthz"):
        await stranger.sends("GET", path, headers={"florin-ledger": "theirs"})


@pytest.mark.parametrize("snapshot", ["true", "false"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_nothing_of_another_ledger_is_found_by_its_id_whatever_the_way(
    stranger: Stranger, snapshot: str, method: str
) -> None:
    for text in stranger.worlds.theirs.texts.values():
        for accept in ("application/json", "text/event-stream"):
            query = f'{{ node(id: "{text}") {{ __typename id }} }}'
            asked: dict[str, Any] = {"json" if method == "POST" else "params": {"query": query}}
            headers = {"florin-snapshot": snapshot, "accept": accept}
            told = await stranger.sends(method, headers=headers, **asked)
            assert '{"node":null}' in told.body


async def test_many_ids_at_once_find_nothing_of_another_ledger(stranger: Stranger) -> None:
    ids = list(stranger.worlds.theirs.texts.values())
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert f'"nodes":[{",".join(["null"] * len(ids))}]' in await stranger.asks(query, {"ids": ids})


async def test_names_and_keys_that_are_taken_elsewhere_are_free(stranger: Stranger) -> None:
    person = {"username": "bianca", "email": "bianca@example.com"}
    account = {"code": "their-wallet", "currency": "USD", "normalSide": "CREDIT"}
    currency = "mutation { createCurrency(input: { code: BEES, exponent: 0 }) { __typename } }"
    for query, wanted in (
        (CREATE_USER, person),
        (OPEN_ACCOUNT, account),
        (currency.replace("BEES", '"BEES"'), None),
    ):
        variables = None if wanted is None else {"input": wanted}
        assert "Success" in await stranger.asks(query, variables)
    keys = ("order", "hold", "captured-hold", "voided-hold", "capture", "void", "reversal")
    for key in keys:
        wanted = transaction(f"their-{key}", ("cash", "wallet", "765.43"))
        answer = await stranger.asks(POST_TRANSACTION, {"input": wanted})
        assert '"replayed":false' in answer


async def test_a_hash_is_known_to_those_alone_whose_ledger_it_was_sent_to(
    stranger: Stranger,
) -> None:
    """Otherwise whoever guesses a document could find out whether others send it."""
    for text in ('{ account(by: { code: "their-wallet" }) { id } }', "query A { ledger { code } }"):
        digest = hashlib.sha256(text.encode()).hexdigest()
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        sent = {"query": text, "extensions": persisted}
        assert "data" in (await stranger.others_send(sent)).json()
        assert "data" in (await stranger.others_send({"extensions": persisted})).json()
        told = await stranger.sends("POST", json={"extensions": persisted})
        assert "PERSISTED_QUERY_NOT_FOUND" in told.body
        assert '"data"' in (await stranger.sends("POST", json=sent)).body
        assert '"data"' in (await stranger.sends("POST", json={"extensions": persisted})).body


async def test_a_request_id_does_not_count_the_requests_of_others(stranger: Stranger) -> None:
    """As the next of a sequence it would: from two of one's own, all between them follow."""
    here, _ = stranger.apis
    told = set()
    for _ in range(2):
        random.seed(7)
        response = await here.client.post("/graphql", json={"query": "{ __typename }"})
        told.add(response.headers["x-request-id"])
    assert len(told) == 2


@pytest.mark.parametrize("path", ["/metrics", "/graphql"])
async def test_what_is_of_all_ledgers_takes_the_scope_admin(stranger: Stranger, path: str) -> None:
    if path == "/metrics":
        assert (await stranger.sends("GET", path)).status == 403
        return
    assert "FORBIDDEN" in await stranger.asks("{ diagnostics { __typename } }")
    asked = {"query": NODE, "variables": {"id": stranger.worlds.theirs.texts["account"]}}
    explain = {"extensions": {"florin": {"explain": True}}}
    told = await stranger.sends("POST", json={**asked, **explain})
    assert told.status == 400
    assert '"data"' not in told.body


async def test_no_metric_says_whose_it_is(stranger: Stranger) -> None:
    await stranger.others_send(THEIR_POST)
    told = metrics.exposition().decode()
    theirs = stranger.worlds.theirs
    assert not any(text in told for text in {*theirs.texts.values()} - {"yes", "Theirs"})
    assert "ledger=" not in told
    assert "key_" not in told


async def test_statements_read_as_many_rows_whatever_others_have(
    stranger: Stranger, worlds: Worlds
) -> None:
    """Every index that is used begins with the ledger: no row of another is so much as touched."""
    texts = worlds.theirs.texts
    by = """query ($user: ID!, $email: String!, $account: ID!, $code: String!, $key: String!) {
        user(by: { id: $user }) { id }
        byEmail: user(by: { email: $email }) { id }
        account(by: { id: $account }) { id }
        byCode: account(by: { code: $code }) { id }
        transaction(by: { idempotencyKey: $key }) { id }
        accounts(filter: { codePrefix: "their", state: OPEN }) { totalCount nodes { id } }
        users(filter: { usernamePrefix: "bian" }) { totalCount nodes { id } }
        transactions(filter: { state: PENDING }) { totalCount nodes { id } }
        ledger { trialBalance { debits } }
    }"""
    variables = {name: texts[name] for name in ("user", "email", "account", "code")}
    variables["key"] = texts["key of the order"]
    await stranger.asks(by, variables)
    asked = [one for one in RecordingCursor.record if one.query.lstrip().startswith("SELECT")]
    assert len(asked) > 9
    for statement in asked:
        assert _rows(worlds.with_theirs, statement) == _rows(worlds.without, statement)


def _rows(url: str, statement: Statement) -> list[tuple[object, ...]]:
    """How many rows each node of a statement's plan gave, and how many it threw away."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET ROLE florin_app")
        conn.execute("SELECT set_config('florin.ledger_id', '1', false)")
        # As over tables of any size.
        conn.execute("SET enable_seqscan = off")
        head = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) ")
        explain = head.as_string(conn) + statement.query
        row = conn.execute(explain.encode(), statement.parameters).fetchone()
    assert row is not None
    return list(_nodes(row[0][0]["Plan"]))


def _nodes(plan: Any) -> Iterator[tuple[object, ...]]:  # noqa: ANN401
    names = ("Node Type", "Index Name", "Actual Rows", "Rows Removed by Filter")
    yield tuple(plan.get(name) for name in names)
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
