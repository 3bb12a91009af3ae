"""The ceiling: what Florin is asked for here, answered by hand, without GraphQL.

An ASGI application with a route of its own for nobody, psycopg's pool, the statements level by
level as Florin sends them, and orjson. No credentials, limits, walls, metrics or logs.
"""

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

import orjson
import psycopg
import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bench import bare_statements as sql

_POOL_SIZE: Final = 10
_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_JSON: Final = (b"content-type", b"application/json")

Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
Variables: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Callable[[Connection, Variables], Awaitable[Any]]


async def _account(conn: Connection, variables: Variables) -> Any:  # noqa: ANN401 - whatever JSON has
    found = await (await conn.execute(sql.ACCOUNT, variables)).fetchone()
    if found is None:
        return {"account": None}
    code, name, owner_id = found
    owners = await _owners(conn, [owner_id])
    _, username, email = owners[owner_id]
    return {
        "account": {"code": code, "name": name, "owner": {"username": username, "email": email}}
    }


async def _accounts(conn: Connection, variables: Variables) -> Any:  # noqa: ANN401
    after = variables.get("after") or _FIRST
    rows = await (await conn.execute(sql.ACCOUNTS, {"after": after})).fetchall()
    owners = await _owners(conn, [row[3] for row in rows if row[3] is not None])
    nodes = [
        {
            "code": code,
            "balance": {"posted": _major(posted)},
            "owner": None if owner_id is None else {"username": owners[owner_id][1]},
        }
        for _, code, posted, owner_id in rows
    ]
    return {"accounts": {"nodes": nodes, "pageInfo": {"endCursor": rows[-1][0]}}}


async def _entries(conn: Connection, variables: Variables) -> Any:  # noqa: ANN401
    rows = await (await conn.execute(sql.ENTRIES, variables)).fetchall()
    ids = {"ids": [row[4] for row in rows]}
    transactions = {
        row[0]: row for row in await (await conn.execute(sql.TRANSACTIONS, ids)).fetchall()
    }
    postings = await (await conn.execute(sql.POSTINGS, ids)).fetchall()
    account_ids = {"ids": list({id_ for row in postings for id_ in row[1:]})}
    codes: dict[object, str] = dict(await (await conn.execute(sql.CODES, account_ids)).fetchall())
    legs: dict[object, list[object]] = {}
    for transaction_id, debit_id, credit_id in postings:
        leg = {"debit": {"code": codes[debit_id]}, "credit": {"code": codes[credit_id]}}
        legs.setdefault(transaction_id, []).append(leg)
    nodes = [
        {
            "version": str(version),
            "side": side,
            "amount": _major(amount),
            "balanceAfter": _major(balance_after),
            "transaction": {
                "idempotencyKey": transactions[transaction_id][1],
                "state": transactions[transaction_id][2],
                "postings": legs[transaction_id],
            },
        }
        for version, side, amount, balance_after, transaction_id in rows
    ]
    return {"account": {"code": variables["code"], "entries": {"nodes": nodes}}}


async def _levels(conn: Connection, variables: Variables) -> Any:  # noqa: ANN401
    after = variables.get("after") or _FIRST
    users = await (await conn.execute(sql.USERS, {"after": after})).fetchall()
    ids = {"ids": [row[0] for row in users]}
    accounts = await (await conn.execute(sql.ACCOUNTS_OF, ids)).fetchall()
    ids = {"ids": [row[1] for row in accounts]}
    entries: dict[object, list[object]] = {}
    for account_id, amount, balance_after in await (
        await conn.execute(sql.ENTRIES_OF, ids)
    ).fetchall():
        entry = {"amount": _major(amount), "balanceAfter": _major(balance_after)}
        entries.setdefault(account_id, []).append(entry)
    owned: dict[object, list[object]] = {}
    for owner_id, account_id, code, posted in accounts:
        account = {
            "code": code,
            "balance": {"posted": _major(posted)},
            "entries": {"nodes": entries.get(account_id, [])},
        }
        owned.setdefault(owner_id, []).append(account)
    nodes = [
        {"username": username, "accounts": {"nodes": owned.get(user_id, [])}}
        for user_id, username in users
    ]
    return {"users": {"nodes": nodes, "pageInfo": {"endCursor": users[-1][0]}}}


async def _tagged(conn: Connection, variables: Variables) -> Any:  # noqa: ANN401
    wanted = {"metadata": orjson.dumps(variables["metadata"]).decode()}
    rows = await (await conn.execute(sql.TAGGED, wanted)).fetchall()
    nodes = [{"code": code, "name": name, "metadata": metadata} for code, name, metadata in rows]
    return {"accounts": {"nodes": nodes}}


_ANSWERS: Final[Mapping[str, Answer]] = {
    "account": _account,
    "accounts": _accounts,
    "entries": _entries,
    "levels": _levels,
    "metadata": _tagged,
}


async def _owners(conn: Connection, ids: list[object]) -> dict[object, tuple[Any, ...]]:
    rows = await (await conn.execute(sql.OWNERS, {"ids": ids})).fetchall()
    return {row[0]: row for row in rows}


def _major(minor: Decimal) -> str:
    """Exactly, as all that is here has two places."""
    return str(minor.scaleb(-2))


class Application:
    """Starlette for its lifespan; requests go past it."""

    def __init__(self, conninfo: str) -> None:
        self._database = AsyncConnectionPool(
            conninfo,
            connection_class=psycopg.AsyncConnection[tuple[Any, ...]],
            kwargs={"autocommit": True},
            min_size=2,
            max_size=_POOL_SIZE,
            open=False,
        )
        self._starlette = Starlette(lifespan=self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as GraphQL would: the name of what is asked for stands in the query's place."""
        if scope["type"] != "http":
            await self._starlette(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        # Without a body it is asked whether it is ready.
        asked: Any = orjson.loads(body) if body else {"query": "typename"}
        data: Any = {"__typename": "Query"}
        if asked["query"] != "typename":
            async with self._database.connection() as conn:
                data = await _ANSWERS[asked["query"]](conn, asked["variables"])
        content = orjson.dumps({"data": data})
        headers = [_JSON, (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    @contextlib.asynccontextmanager
    async def _open(self, _: Starlette) -> AsyncIterator[None]:
        async with self._database:
            yield


def create() -> Application:
    """For uvicorn, of the database that the environment names."""
    return Application(os.environ["DATABASE_URL"])


def main() -> None:
    """Serve until told to stop, on the port that is the only argument."""
    uvicorn.run(
        "bench.bare:create",
        factory=True,
        port=int(sys.argv[1]),
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
