"""Two worlds that differ in nothing but a ledger of somebody else's.

In the one there is the ledger `theirs`, with users, accounts and money; in the other there is not.
Of `main`, whose key a stranger to `theirs` has, both have the same rows with the same ids. Whatever
the stranger asks has to be answered alike in both: then nothing can be learnt of `theirs`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, NamedTuple, TypeVar

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from server import sealer
from tests.api import Api, serving
from tests.credentials import SECRET, Key, new_key, new_ledger
from tests.following import PATIENCE_SECONDS
from tests.hostile import seed
from tests.recorder import RecordingCursor

CREATE_CURRENCY: Final = """
    mutation { createCurrency(input: { code: "BEES", exponent: 0 }) { __typename } }
"""
Value = TypeVar("Value")
# Everything of a ledger that has a name, an id or a place.
EVERYTHING: Final = """
    query ($from: DateTime!, $to: DateTime!) {
        users { edges { cursor node { id username email accounts { edges { cursor } } } } }
        accounts {
            edges {
                cursor
                node {
                    id code name createdAt
                    entries { edges { cursor node { id amount } } }
                    statement(from: $from, to: $to) { entries { edges { cursor } } }
                }
            }
        }
        transactions {
            edges { cursor node { id idempotencyKey description createdAt createdByRequest } }
        }
        ledger { code eventsThrough }
    }
"""
SPAN: Final = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
# What an answer has of its own, in whatever world: ids that it made, times and places of those.
_IDS: Final = re.compile(r"(?:user|acct|txn|entry|key)_[0-7][0-9a-hjkmnp-tv-z]{25}(?:_[0-9]+)?")
_TIMES: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_PLACES: Final = re.compile(r'("(?:\w*[cC]ursor|eventsThrough)":)"([\w=-]*)"')


class Theirs(NamedTuple):
    """What somebody else's ledger has, by what it is called here."""

    texts: Mapping[str, str]
    objects: Mapping[str, Mapping[str, object]]
    times: Mapping[str, str]
    key: Key


class Worlds(NamedTuple):
    """Where both are, the stranger's key, and what is only there in the first."""

    with_theirs: str
    without: str
    key: Key
    theirs: Theirs


class Told(NamedTuple):
    """An answer without what is its own in any world, and what was asked of the database for it."""

    status: int
    headers: Mapping[str, str]
    body: str
    statements: list[str]


@contextmanager
def two_worlds(url: str) -> Iterator[Worlds]:
    """Both, of which ``url`` becomes the first, while the block runs."""
    # `main` is to have seen what is done in it before the worlds part.
    key = new_key(url)
    with_admin = conninfo_to_dict(url)
    name = f"{with_admin['dbname']}_without"
    server = make_conninfo(url, dbname="postgres")
    _run(_begin_ours(url, key))
    _copy(server, str(with_admin["dbname"]), name)
    try:
        yield Worlds(url, make_conninfo(url, dbname=name), key, _run(_begin_theirs(url)))
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


class Stranger:
    """Asks the same in both worlds, with the key to `main`."""

    def __init__(self, worlds: Worlds, here: Api, elsewhere: Api) -> None:
        self.worlds = worlds
        self._apis = (here, elsewhere)
        for api in self._apis:
            api.client.headers.update(worlds.key.headers)
        # Ids that are known before they are told.
        self._known = frozenset(worlds.theirs.texts.values())

    async def asks(self, query: str, variables: Mapping[str, Any] | None = None) -> str:
        """What is answered, alike in both worlds, and found out with the same statements."""
        content = {"query": query, "variables": variables or {}}
        return (await self.sends("POST", json=content)).body

    async def sends(self, method: str, path: str = "/graphql", **options: Any) -> Told:  # noqa: ANN401
        """The same of any request."""
        here, elsewhere = [await self._told(api, method, path, options) for api in self._apis]
        shown = f"{path} {options!r:.1500}"
        assert here.status == elsewhere.status, shown
        assert here.body == elsewhere.body, shown
        assert here.headers == elsewhere.headers, shown
        differing = set(here.statements) ^ set(elsewhere.statements)
        assert here.statements == elsewhere.statements, (shown, differing)
        return here

    async def _told(self, api: Api, method: str, path: str, options: Mapping[str, Any]) -> Told:
        RecordingCursor.record.clear()
        headers = {"x-request-id": "asked", **options.get("headers", {})}
        sent = api.client.request(method, path, **{**options, "headers": headers})
        response: httpx.Response = await asyncio.wait_for(sent, 20)
        return Told(
            response.status_code,
            dict(response.headers),
            self.without_its_own(response.text),
            sorted(
                # Those of one moment are sent in any order.
                repr((one.query, self._shape(one.parameters)))
                for one in RecordingCursor.record
            ),
        )

    @property
    def apis(self) -> tuple[Api, Api]:
        """The server of the world with their ledger, and of the one without."""
        return self._apis

    async def others_send(self, content: Mapping[str, Any]) -> httpx.Response:
        """What is asked of their ledger, by somebody with its key, in the world where it is."""
        headers = self.worlds.theirs.key.headers
        return await self._apis[0].client.post("/graphql", json=content, headers=headers)

    def without_its_own(self, text: str) -> str:
        """An answer's text with placeholders for ids that it made, and for times and places."""
        new: dict[str, str] = {}

        def name(found: re.Match[str]) -> str:
            text = found[0]
            return text if text in self._known else new.setdefault(text, f"(id {len(new)})")

        text = _TIMES.sub("(time)", _IDS.sub(name, text))
        return _PLACES.sub(lambda found: f"{found[1]}({len(found[2])})", text)

    def _shape(self, value: object) -> object:
        """What parameters are, but for ids and times that are made for the occasion."""
        if isinstance(value, Mapping):
            return {str(key): self._shape(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._shape(one) for one in value]
        if isinstance(value, str):
            return self.without_its_own(value)
        return value if isinstance(value, int | None) else type(value).__name__


@asynccontextmanager
async def stranger(worlds: Worlds, **settings: Any) -> AsyncIterator[Stranger]:  # noqa: ANN401
    """Somebody with the key to `main`, at servers of both worlds."""
    options: dict[str, Any] = {
        "api_key_secret": SECRET,
        "cursor_factory": RecordingCursor,
        "credential_cost_per_second": 0,
        "credential_mutations_per_second": 0,
        **settings,
    }
    async with (
        serving(worlds.with_theirs, **options) as here,
        serving(worlds.without, **options) as elsewhere,
    ):
        yield Stranger(worlds, here, elsewhere)


async def _begin_ours(url: str, key: Key) -> None:
    async with serving(url, api_key_secret=SECRET) as api:
        api.client.headers.update(key.headers)
        await seed(api)
        await api.post("held", ("cash", "wallet", "5.00"), pending=True)
        await sealer.seal(api.pool, 1)


async def _begin_theirs(url: str) -> Theirs:
    new_ledger(url, "theirs")
    key = new_key(url, "theirs")
    async with serving(url, api_key_secret=SECRET) as api:
        api.client.headers.update({**key.headers, "x-request-id": "their-request"})
        # The names that `main` has, and others.
        await seed(api)
        await api(CREATE_CURRENCY)
        await api.create_user("bianca", metadata={"theirs": "yes"})
        owned: dict[str, Any] = {"owner": {"username": "bianca"}, "name": "Theirs"}
        owned |= {"metadata": {"theirs": "yes"}}
        await api.open_account("their-cash", "EUR", "DEBIT", floor=None)
        await api.open_account("their-wallet", "EUR", **owned)
        nothing = await _cursor_of_now(api)
        leg = ("their-cash", "their-wallet", "765.43")
        told = {"description": "Their order", "metadata": {"theirs": "yes"}}
        await api.post("their-order", leg, **told)
        events = {"first": await _cursor_of_now(api, other_than=nothing)}
        for kept in ("their-hold", "their-captured-hold", "their-voided-hold"):
            await api.post(kept, leg, pending=True)
        await api.capture("their-capture", "their-captured-hold", "1.00")
        await api.void("their-void", "their-voided-hold")
        await api.reverse("their-reversal", "their-order")
        await sealer.seal(api.pool, 2)
        events["newest"] = await _cursor_of_now(api, other_than=events["first"])
        found = await api(EVERYTHING, **SPAN)
    return _named(found, events, key)


async def _cursor_of_now(api: Api, *, other_than: str = "") -> str:
    """The newest event's, once that can be read: whoever has a transaction open is waited for."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            through = str((await api("{ ledger { eventsThrough } }"))["ledger"]["eventsThrough"])
            if through != other_than:
                return through
            await asyncio.sleep(0.02)


def _named(found: Any, events: Mapping[str, str], key: Key) -> Theirs:  # noqa: ANN401
    texts = {"ledger": "theirs", "currency": "BEES", "key": key.name, "event": events["first"]}
    texts |= {"newest event": events["newest"], "request": "their-request"}
    user, account = found["users"]["edges"][-1], found["accounts"]["edges"][-1]
    assert (user["node"]["username"], account["node"]["code"]) == ("bianca", "their-wallet")
    texts |= {"username": "bianca", "email": user["node"]["email"], "user": user["node"]["id"]}
    texts |= {"USERNAME": "BIANCA", "account": account["node"]["id"], "code": "their-wallet"}
    texts |= {"code's beginning": "their-", "name": "Theirs", "description": "Their order"}
    texts |= {"metadata's key": "theirs", "metadata's value": "yes"}
    entry = account["node"]["entries"]["edges"][0]
    texts |= {"entry": entry["node"]["id"], "cursor of an entry": entry["cursor"]}
    of_statement = account["node"]["statement"]["entries"]["edges"][0]
    texts |= {"cursor of a statement": of_statement["cursor"]}
    texts |= {"cursor of a user": user["cursor"], "cursor of an account": account["cursor"]}
    texts["cursor of a user's account"] = user["node"]["accounts"]["edges"][0]["cursor"]
    by_key = {one["node"]["idempotencyKey"]: one["node"] for one in found["transactions"]["edges"]}
    for key_ in ("their-order", "their-hold", "their-reversal"):
        texts |= {f"transaction {key_}": by_key[key_]["id"]}
    texts["cursor of a transaction"] = found["transactions"]["edges"][1]["cursor"]
    keys = ("order", "hold", "capture", "void", "reversal")
    texts |= {f"key of the {name}": f"their-{name}" for name in keys}
    order = by_key["their-order"]
    return Theirs(
        texts=texts,
        objects={"metadata": {"theirs": "yes"}, "a part of it": {"theirs": {}}},
        times={"an account's": account["node"]["createdAt"], "an order's": order["createdAt"]},
        key=key,
    )


def _copy(server: str, name: str, copy: str) -> None:
    with psycopg.connect(server, autocommit=True) as conn:
        create = SQL("CREATE DATABASE {} TEMPLATE {}")
        conn.execute(create.format(Identifier(copy), Identifier(name)))


def _run(begin: Coroutine[Any, Any, Value]) -> Value:
    """A coroutine's result, in a loop of its own: fixtures for many tests have none."""
    with asyncio.Runner() as runner:
        return runner.run(begin)
