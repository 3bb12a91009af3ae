"""``florin verify``: audits a whole ledger in one snapshot and says what is not as it must be."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import msgspec
import psycopg
from rich.console import Console
from rich.progress import Progress, TaskID

from db import audit, audit_seals, ledgers, migrate, statements
from db.audit_seals import Sealed
from db.ledgers import DEFAULT_LEDGER_ID, Listed
from db.snapshots import open_snapshot
from db.statements import Connection
from db.walks import Discrepancy
from ledger import texts
from server import loading
from server.output import say
from server.settings import Settings

# Of one rule. Where more is wrong, it is wrong in one way, and the ten thousandth line of it would
# hide what is wrong in another.
PRINTED_MAX: Final = 1000

HASH_BYTES: Final = 32


class VerifyError(Exception):
    """Why the audit could not be run, and what to do about it; for people."""


class _Watch(msgspec.Struct):
    """How far each walk is, shown as bars; and in the end, how much there was."""

    bars: Progress
    tasks: dict[str, TaskID] = msgspec.field(default_factory=dict)
    totals: dict[str, int] = msgspec.field(default_factory=dict)

    def __call__(self, noun: str, done: int, total: int) -> None:
        """Move the bar of a walk, which appears with its first chunk."""
        if noun not in self.tasks:
            self.tasks[noun] = self.bars.add_task(noun, total=total)
        self.totals[noun] = total
        self.bars.update(self.tasks[noun], completed=done)


async def verify(
    settings: Settings,
    console: Console,
    *,
    seals: bool,
    head: str | None = None,
    ledger: str | None = None,
) -> bool:
    """Print every discrepancy on a line of its own, then a summary; whether there was none.

    Of all ledgers, each in a snapshot of its own, or of one by its code. With ``seals`` the hash
    chain is checked, too, and with a ``head`` that was kept elsewhere, that it is still in it.
    Raises VerifyError where it cannot be run.
    """
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    kept = None if head is None else _read_head(head)
    try:
        listed = await _ledgers(url, ledger)
        if kept is not None and len(listed) > 1:
            raise VerifyError("A head is one ledger's: say with --ledger which.")
        sound = True
        for one in listed:
            if len(listed) > 1:
                console.print(f"Ledger {one.code!r}:", highlight=False, markup=False)
            sound &= await _verify(url, console, one.ledger_id, seals=seals, kept=kept)
    except psycopg.Error as error:
        raise VerifyError(
            f"The ledger could not be verified: {error}\n`florin doctor` says more."
        ) from error
    return sound


async def _ledgers(url: str, code: str | None) -> list[Listed]:
    async with open_snapshot(url, DEFAULT_LEDGER_ID) as conn:
        await _refuse_other_revisions(conn)
        if code is None:
            return await ledgers.every(conn)
        known = texts.ledger_code_problem(code) is None
        found = await ledgers.by_codes(conn, [code]) if known else []
    if not found:
        raise VerifyError(
            f"There is no ledger {texts.shown(code)!r}. `florin ledger list` says which there are."
        )
    return found


async def _verify(
    url: str, console: Console, ledger_id: int, *, seals: bool, kept: bytes | None
) -> bool:
    began = time.perf_counter()
    async with open_snapshot(url, ledger_id) as conn:
        await statements.look_up_by_key(conn)
        with loading.progress(console) as bars:
            watch = _Watch(bars)
            found = _discrepancies(conn, ledger_id, watch, seals=seals, kept=kept)
            wrong = await _print(console, found)
        sealed = await audit_seals.sealed(conn, ledger_id) if seals else None
    _summarise(console, watch.totals, wrong, seconds=time.perf_counter() - began)
    if sealed is not None:
        _describe(console, sealed)
    return not wrong


async def _refuse_other_revisions(conn: Connection) -> None:
    revision = await migrate.revision(conn)
    if revision != migrate.head():
        found = "not migrated yet" if revision is None else f"at revision {revision}"
        raise VerifyError(f"The schema is {found}, not at {migrate.head()}. Run `florin migrate`.")


def _read_head(text: str) -> bytes:
    try:
        head = bytes.fromhex(text)
    except ValueError:
        head = b""
    if len(head) != HASH_BYTES:
        raise VerifyError(
            f"{text!r} is no head. It is 64 hexadecimal digits, as `florin verify --seal` prints "
            "them."
        )
    return head


async def _discrepancies(
    conn: Connection, ledger_id: int, watch: _Watch, *, seals: bool, kept: bytes | None
) -> AsyncIterator[Discrepancy]:
    async for found in audit.discrepancies(conn, ledger_id, watch):
        yield found
    if seals:
        async for found in audit_seals.discrepancies(conn, ledger_id, watch):
            yield found
    if kept is not None:
        lost = await audit_seals.lost_head(conn, ledger_id, kept)
        if lost is not None:
            yield lost


async def _print(console: Console, found: AsyncIterator[Discrepancy]) -> Counter[str]:
    """Print them as they come and return how many there are of each rule."""
    wrong: Counter[str] = Counter()
    async for discrepancy in found:
        wrong[discrepancy.rule] += 1
        if wrong[discrepancy.rule] <= PRINTED_MAX:
            say(console, str(discrepancy))
        elif wrong[discrepancy.rule] == PRINTED_MAX + 1:
            say(console, f"{discrepancy.rule}: more than {PRINTED_MAX}; the rest is only counted.")
    return wrong


def _summarise(
    console: Console, totals: dict[str, int], wrong: Counter[str], *, seconds: float
) -> None:
    checked = ", ".join(f"{total:,} {noun}" for noun, total in totals.items())
    outcome = "no discrepancies"
    if wrong:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(wrong.items()))
        outcome = f"{wrong.total():,} discrepancies ({rules})"
    say(console, f"{checked} checked in {seconds:.1f} s: {outcome}.")


def _describe(console: Console, sealed: Sealed) -> None:
    if sealed.through is None:
        say(console, "Nothing is sealed yet.")
        return
    say(
        console,
        f"{sealed.seals:,} seals of {sealed.entries:,} entries, sealed through "
        f"{sealed.through.isoformat()}.",
    )
    say(console, f"Head: {sealed.head}")
