"""Actions: who had what done, a row for each accepted mutation, written in its transaction.

A transaction says which action recorded it and which one captured or voided it.
"""

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from db import statements
from db.arrays import UUIDs
from db.statements import Connection, Write
from ledger import identifiers


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who acts: an API key's id or a token's subject, and the request that says so."""

    name: str
    request_id: str | None


# This program itself, on behalf of whoever runs it: an import, a demonstration.
LOCAL: Final = Actor("local", None)


class Action(msgspec.Struct, frozen=True, gc=False):
    """What an actor has done; ``kind`` is the mutation's field.

    ``subject`` is the id of the user, account or transaction that it changed, or a currency's code;
    None where transactions say which action recorded them.
    """

    action_id: UUID
    kind: str
    actor: Actor
    subject: str | None = None


def of(actor: Actor, kind: str, *, subject: str | None = None) -> Action:
    """A new action."""
    return Action(identifiers.now(), kind, actor, subject)


class Authorship(msgspec.Struct, frozen=True, gc=False):
    """Who recorded a transaction and who resolved it; None for what was before actions were."""

    transaction_id: UUID
    created_by: str | None
    created_by_request: str | None
    resolved_by: str | None
    resolved_by_request: str | None


RECORD: Final[LiteralString] = """
    INSERT INTO florin.actions
        (ledger_id, action_id, kind, subject, actor, request_id, created_at)
    SELECT %(ledger_id)s, new.action_id, new.kind, new.subject, new.actor, new.request_id, now()
    FROM unnest(
            %(action_ids)s::uuid[], %(kinds)b::text[], %(subjects)b::text[], %(actors)b::text[],
            %(request_ids)b::text[]
        ) AS new (action_id, kind, subject, actor, request_id)
"""

AUTHORSHIP: Final[LiteralString] = """
    SELECT t.transaction_id, c.actor AS created_by, c.request_id AS created_by_request,
        r.actor AS resolved_by, r.request_id AS resolved_by_request
    FROM florin.transactions AS t
    LEFT JOIN florin.actions AS c ON c.ledger_id = t.ledger_id AND c.action_id = t.action_id
    LEFT JOIN florin.actions AS r
        ON r.ledger_id = t.ledger_id AND r.action_id = t.resolved_action_id
    WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id = ANY(%(ids)s)
"""


def written(ledger_id: int, done: Sequence[Action]) -> Write:
    """The write of actions: one, or those of a group."""
    parameters: dict[str, object] = {
        "ledger_id": ledger_id,
        "action_ids": UUIDs([action.action_id for action in done]),
        "kinds": [action.kind for action in done],
        "subjects": [action.subject for action in done],
        "actors": [action.actor.name for action in done],
        "request_ids": [action.actor.request_id for action in done],
    }
    return Write(RECORD, parameters, len(done))


async def record(conn: Connection, ledger_id: int, action: Action) -> None:
    """Record an action in the transaction that carries it out; one round trip."""
    await statements.write(conn, written(ledger_id, [action]))


async def authorship(conn: Connection, ledger_id: int, ids: Sequence[UUID]) -> list[Authorship]:
    """Who is behind transactions; one round trip."""
    parameters = {"ledger_id": ledger_id, "ids": list(ids)}
    return await statements.all_rows(conn, Authorship, AUTHORSHIP, parameters)
