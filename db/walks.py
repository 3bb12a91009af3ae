"""Walks: a table read in the order of its key, a chunk at a time, and what is found wrong in it.

A chunk is a few thousand rows: memory stays the same on both sides however large a table is, and
progress is smooth. The checks of a chunk answer only with what is wrong. Together the chunks cover
every possible key, so that rows which belong to none of the table's are within one of them, too.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec

from db import statements
from db.statements import Connection, Query
from ledger import identifiers

# What is walked, how much of it is done, and how much there is.
Progress: TypeAlias = Callable[[str, int, int], None]
Key: TypeAlias = tuple[UUID | int, ...]

UUID_LEAST: Final = UUID(int=0)
UUID_GREATEST: Final = UUID(int=2**128 - 1)
BIGINT_GREATEST: Final = 2**63 - 1

# Of one check in one chunk. Where everything is wrong, so many say it as well as all.
FINDINGS_MAX: Final = 10_000

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Discrepancy(msgspec.Struct, frozen=True):
    """One thing that is not as it must be, in words: amounts are minor units, times UTC."""

    rule: str
    # The public id, or the code of a currency or the number of a seal; and what else names it.
    about: str
    detail: str
    expected: str
    found: str

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.rule}: {self.about}{detail}: expected {self.expected}, found {self.found}"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A discrepancy as statements answer it: of an entry where there is a version, else of a
    transaction, else of an account, else of whatever the key says.
    """

    rule: str
    account_id: UUID | None
    version: int | None
    transaction_id: UUID | None
    key: str | None
    place: str | None
    expected: str | None
    found: str | None


class Walk(msgspec.Struct, frozen=True):
    """How to walk a table.

    A chunk is from key to key, both within it: parameters ``first`` and ``last`` (and, of a second
    column, ``first_within`` and ``last_within``). ``boundary`` finds the key that is ``skipped``
    rows behind the first.
    """

    noun: str
    size: int
    least: Key
    greatest: Key
    boundary: LiteralString
    checks: tuple[Query, ...]


def unwatched(_noun: str, _done: int, _total: int) -> None:
    """Progress for those who do not watch."""


async def walk(
    conn: Connection, ledger_id: int, walk: Walk, total: int, progress: Progress
) -> AsyncIterator[Discrepancy]:
    """What the checks find, chunk by chunk; of ``total`` rows at most a chunk's are in memory."""
    first, done = walk.least, 0
    while True:
        last = walk.greatest
        chunk = {"ledger_id": ledger_id, **_named("first", first)}
        if total - done > walk.size:
            rows = await conn.execute(walk.boundary, {**chunk, "skipped": walk.size - 1})
            last = await rows.fetchone() or walk.greatest
        for check in walk.checks:
            for found in await findings(conn, check, {**chunk, **_named("last", last)}):
                yield found
        done = min(done + walk.size, total)
        progress(walk.noun, done, total)
        if last == walk.greatest:
            return
        first = (*last[:-1], _successor(last[-1]))


async def findings(
    conn: Connection, check: Query, parameters: Mapping[str, object]
) -> list[Discrepancy]:
    """What one check finds, up to ``FINDINGS_MAX``; then a last one says that there is more."""
    limited = {**parameters, "findings_max": FINDINGS_MAX}
    found = await statements.all_rows(conn, Finding, check, limited)
    named = [_discrepancy(finding) for finding in found]
    if len(named) == FINDINGS_MAX:
        after = f"behind {named[-1].about}"
        named.append(Discrepancy("audit.more", named[-1].rule, after, "nothing", "more of it"))
    return named


def _named(name: str, key: Key) -> dict[str, UUID | int]:
    return dict(zip((name, f"{name}_within"), key, strict=False))


def _successor(value: UUID | int) -> UUID | int:
    return value + 1 if isinstance(value, int) else UUID(int=value.int + 1)


def _discrepancy(finding: Finding) -> Discrepancy:
    account_id, transaction_id, version = (
        finding.account_id,
        finding.transaction_id,
        finding.version,
    )
    names = [] if transaction_id is None else [identifiers.render("txn", transaction_id)]
    if account_id is not None and version is not None:
        names.insert(0, identifiers.render_entry(account_id, version))
    if not names and account_id is not None:
        names.append(identifiers.render("acct", account_id))
    if finding.key is not None:
        names.insert(1, finding.key)
    about, *details = names
    if finding.place is not None:
        details.append(finding.place)
    return Discrepancy(
        finding.rule,
        about,
        ", ".join(details),
        _shown(finding.expected),
        _shown(finding.found),
    )


def _shown(value: str | None) -> str:
    """A value for people; the only UUIDs among values are those of accounts."""
    if value is None:
        return "none"
    return _UUID.sub(lambda found: identifiers.render("acct", UUID(found[0])), value)
