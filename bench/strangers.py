"""Whether time tells a stranger what is another ledger's from what there is not.

`python -m bench.strangers` asks a server, by turns, for what another ledger has, for what nobody
has and for something else that nobody has. By how often the first takes longer than the second one
may tell them apart: 0.50 is by chance alone, and the last two show how far chance goes.
"""

import asyncio
import os
import random
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

import httpx
import psycopg

from bench import servers
from db import api_keys, setup
from db.api_keys import NewApiKey
from ledger import identifiers
from server.api_keys import KeyMaker

_ROUNDS: Final = 600
_WARM_UP: Final = 50
_ROWS: Final = 20_000
_FILL: Final = """
    INSERT INTO florin.accounts
        (ledger_id, account_id, code, name, currency, exponent, normal_side, state, debits_posted,
        credits_posted, debits_pending, credits_pending, version, metadata, created_at)
    SELECT %(ledger_id)s, gen_random_uuid(), %(prefix)s || n, '', 'USD', 2, 'CREDIT', 'OPEN', 0, 0,
        0, 0, 0, jsonb_build_object(%(prefix)s, n), now()
    FROM generate_series(1, %(rows)s) AS n
"""
_BY_ID: Final = "query ($it: ID!) { node(id: $it) { id } }"
_BY_CODE: Final = "query ($it: String!) { account(by: { code: $it }) { id } }"
_BY_PREFIX: Final = (
    "query ($it: String!) { accounts(filter: { codePrefix: $it }) { totalCount nodes { id } } }"
)
_BY_METADATA: Final = (
    "query ($it: String!) { accounts(filter: { metadata: { hasKey: $it } }) "
    "{ totalCount nodes { id } } }"
)
_POST: Final = """
    mutation ($it: String!) {
        postTransaction(input: {
            idempotencyKey: "k"
            postings: [{ debit: { code: $it }, credit: { code: "ours:1" }, amount: "1" }]
        }) { ... on Refusal { code message } }
    }
"""


class Case(NamedTuple):
    """One way to ask, and for what: theirs, nobody's, and nobody's again."""

    name: str
    query: str
    asked: Sequence[str]


async def _measure(client: httpx.AsyncClient, case: Case) -> list[list[float]]:
    """The microseconds of each answer, of all three by turns."""
    taken: list[list[float]] = [[], [], []]
    order = [0, 1, 2]
    for number in range(_WARM_UP + _ROUNDS):
        random.shuffle(order)
        for index in order:
            content = {"query": case.query, "variables": {"it": case.asked[index]}}
            began = time.perf_counter()
            response = await client.post("/graphql", json=content)
            seconds = time.perf_counter() - began
            assert response.status_code == 200, response.text  # noqa: PLR2004 - HTTP's
            if number >= _WARM_UP:
                taken[index].append(seconds * 1e6)
    return taken


def _told_apart(first: Sequence[float], second: Sequence[float]) -> float:
    """How probable it is that one of the first is larger than one of the second (Mann-Whitney)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if not which)
    pairs = len(first) * len(second)
    return (ranks - len(first) * (len(first) + 1) / 2) / pairs


def _fill(url: str, secret: str) -> tuple[str, list[Case]]:
    """Two ledgers with accounts; the key to the first, and what to ask with it."""
    setup.add_ledger(url, code="theirs", name="Theirs")
    minted = KeyMaker(secret.encode()).mint()
    new = NewApiKey(
        key_id=minted.key_id,
        name="bench",
        secret_hash=minted.secret_hash,
        hashed_with=minted.hashed_with,
        scopes=["read", "write"],
        ledger_ids=[1],
        expires_at=None,
    )
    with psycopg.connect(url, autocommit=True) as conn:
        api_keys.create(conn, new)
        for ledger_id, prefix in ((1, "ours:"), (2, "theirs:")):
            conn.execute("SELECT set_config('florin.ledger_id', %s, false)", [str(ledger_id)])
            conn.execute(_FILL, {"ledger_id": ledger_id, "prefix": prefix, "rows": _ROWS})
        conn.execute("VACUUM ANALYZE florin.accounts")
        row = conn.execute(
            "SELECT account_id FROM florin.accounts WHERE ledger_id = 2 LIMIT 1"
        ).fetchone()
    assert row is not None
    ids = [
        identifiers.render("acct", one) for one in (row[0], identifiers.now(), identifiers.now())
    ]
    codes, prefixes = ["theirs:77", "nobody:77", "nowher:77"], ["theirs:", "nobody:", "nowher:"]
    return minted.text, [
        Case("node(id:)", _BY_ID, ids),
        Case("account(by: {code:})", _BY_CODE, codes),
        Case("accounts(filter: {codePrefix:})", _BY_PREFIX, prefixes),
        Case("accounts(filter: {metadata:})", _BY_METADATA, prefixes),
        Case("postTransaction, refused", _POST, codes),
    ]


async def _run(port: int, key: str, cases: Sequence[Case]) -> None:
    headers: Mapping[str, Any] = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        for case in cases:
            theirs, nobodys, control = await _measure(client, case)
            sys.stdout.write(
                f"{case.name:34} theirs {median(theirs):6.0f} us, nobody's {median(nobodys):6.0f} "
                f"us; told apart {_told_apart(theirs, nobodys):.3f}, "
                f"by chance {_told_apart(control, nobodys):.3f}\n"
            )


def main() -> None:
    """Measure, and print a line for each way to ask."""
    with servers.postgresql() as server_url, servers.ledger(server_url, "strangers") as url:
        # For the server, which has this process's environment.
        secret = os.environ["FLORIN_API_KEY_SECRET"] = secrets.token_hex()
        key, cases = _fill(url, secret)
        with servers.florin(url, workers=1) as port:
            asyncio.run(_run(port, key, cases))


if __name__ == "__main__":
    main()
