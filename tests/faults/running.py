"""Runs a scenario: load, fault, recovery, check, and one line that says what came of it."""

import asyncio
import time
from io import StringIO
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import psycopg
from pydantic import SecretStr
from rich.console import Console

from server import verify
from server.settings import Settings
from tests.faults import checker, databases, florin
from tests.faults.checker import Verdict
from tests.faults.load import ANSWER_SECONDS_MAX, CASH, CLIENT_SECONDS_MAX, WALLETS, Load
from tests.faults.recorder import Recorder
from tests.faults.scenario import Place, Scenario, SkippedError, Stage

# So many keys are acknowledged before anything is broken: pools are warm, statements prepared.
_WARM_KEYS: Final = 60
_WARM_SECONDS_MAX: Final = 30.0
# It serves again once nothing has failed for so long: one lucky posting is no recovery.
_CALM_SECONDS: Final = 1.5
# What clients left behind is over: an operation takes 10 s at most, its cancellation some more.
_QUIET_SECONDS_MAX: Final = 20.0
# Sealing goes on while things break, or its chain would not be put to the test.
_SETTINGS: Final = {"FLORIN_SEAL_INTERVAL_SECONDS": "1"}
# A pool's worth of connections and the one that listens, for each worker.
_SESSIONS_MAX: Final = 11

_OPEN: Final = """
    mutation ($input: OpenAccountInput!) { openAccount(input: $input) { __typename } }
"""


class Report(msgspec.Struct):
    """What a scenario came to."""

    name: str
    bound_seconds: float
    acknowledged: int = 0
    found: int = 0
    retried: int = 0
    lost: int = 0
    doubled: int = 0
    recovery_seconds: float | None = None
    steady_seconds: float | None = None
    longest_seconds: float = 0.0
    unknown: dict[str, int] = {}
    said: dict[str, int] = {}
    problems: list[str] = []
    skipped: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, doubled or wrong, and it was over within its bound."""
        return not (self.lost or self.doubled or self.problems)

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name:24} skipped: {self.skipped}"
        recovery = "never" if self.recovery_seconds is None else f"{self.recovery_seconds:.1f} s"
        line = (
            f"{self.name:24} acknowledged {self.acknowledged}  found {self.found}  "
            f"retried {self.retried}  lost {self.lost}  doubled {self.doubled}  "
            f"recovery {recovery}"
        )
        return "\n".join([line, *(f"    {problem}" for problem in self.problems)])

    @property
    def detail(self) -> str:
        """What clients were left without, and when the last of them was."""
        unknown = ", ".join(f"{reason} {count}" for reason, count in self.unknown.items())
        steady = "never" if self.steady_seconds is None else f"{self.steady_seconds:.1f} s"
        return (
            f"    unanswered: {unknown or 'none'}; nothing failed after {steady}; "
            f"longest answer {self.longest_seconds:.1f} s"
            + "".join(f"\n    {count} times {said}" for said, count in self.said.items())
        )


async def run(scenario: Scenario, seconds: float) -> Report:
    """Run one scenario whose fault goes on for about so many seconds."""
    report = Report(scenario.name, scenario.bound_seconds)
    with databases.folder() as folder:
        try:
            async with scenario.place(folder) as place:
                await _run(scenario, place, folder, seconds, report)
        except SkippedError as error:
            report.skipped = str(error)
        except (AssertionError, OSError, psycopg.Error, httpx.HTTPError) as error:
            report.problems.append(f"broken off: {type(error).__name__}: {error}")
    return report


async def _run(
    scenario: Scenario, place: Place, folder: Path, seconds: float, report: Report
) -> None:
    recorder = Recorder()
    settings = {**_SETTINGS, **place.settings, **scenario.settings}
    serving = florin.serving(
        place.florin_url, folder / "florin.log", workers=scenario.workers, settings=settings
    )
    async with serving as served:
        await _open_accounts(served.address)
        load = Load(served.address, recorder, vanishing=scenario.vanishing)
        stage = Stage(place, served, load, recorder, seconds, problems=report.problems)
        async with load:
            async with asyncio.timeout(_WARM_SECONDS_MAX):
                await load.acknowledges(_WARM_KEYS)
            process = served.process
            await scenario.fault(stage)
            if not stage.over_at:
                stage.is_over()
            await _recover(scenario, stage, report)
            await load.stop()
        felt, report.said = recorder.unknown(), dict(recorder.said())
        report.longest_seconds = recorder.longest_seconds()
        if report.longest_seconds > ANSWER_SECONDS_MAX:
            report.problems.append(f"an answer took {report.longest_seconds:.1f} s")
        await _check(stage, report)
        if not scenario.restarts and (process is not served.process or process.poll() is not None):
            report.problems.append("Florin did not live through it")
        report.problems += served.faults()
    report.unknown = dict(felt)
    if scenario.is_felt and not felt:
        report.problems.append("no client felt the fault: it proves nothing")


async def _open_accounts(address: str) -> None:
    """Accounts that may go either way: nothing that the load asks for is refused."""
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for code in (*CASH, *WALLETS):
            side = "DEBIT" if code in CASH else "CREDIT"
            wanted = {"code": code, "currency": "USD", "normalSide": side, "floor": None}
            body = {"query": _OPEN, "variables": {"input": wanted}}
            answer = await client.post("/graphql", json=body)
            opened: Any = answer.json()
            assert opened["data"]["openAccount"]["__typename"] == "OpenAccountSuccess", opened


async def _recover(scenario: Scenario, stage: Stage, report: Report) -> None:
    """Wait until postings are acknowledged again, and until nothing fails any more."""
    recorder, load, over_at = stage.recorder, stage.load, stage.over_at
    try:
        async with asyncio.timeout_at(_loop_time(over_at + scenario.bound_seconds)):
            while recorder.first_acknowledged(over_at) is None:
                await load.heard()
    except TimeoutError:
        report.problems.append(
            f"nothing was acknowledged within the bound of {scenario.bound_seconds:g} s"
        )
    first = recorder.first_acknowledged(over_at)
    report.recovery_seconds = None if first is None else first - over_at
    bound = over_at + scenario.bound_seconds
    last = over_at
    while first is not None and time.monotonic() - last < _CALM_SECONDS and last <= bound:
        await asyncio.sleep(_CALM_SECONDS / 10)
        last = recorder.last_unanswered(over_at) or over_at
    report.steady_seconds = None if first is None else last - over_at
    if last > bound:
        report.problems.append(f"requests still fail after {scenario.bound_seconds:g} s")


def _loop_time(moment: float) -> float:
    """A moment of the monotonic clock, by the loop's."""
    return asyncio.get_running_loop().time() + moment - time.monotonic()


async def _check(stage: Stage, report: Report) -> None:
    """Hold the database against the recorder, before and after all that is open is sent again."""
    recorder, postgres = stage.recorder, stage.postgres
    with postgres.administrator() as conn:
        await checker.quiet(conn, _QUIET_SECONDS_MAX)
        before = checker.read(conn)
        _note(report, checker.check(recorder, before))
        async with httpx.AsyncClient(timeout=CLIENT_SECONDS_MAX, trust_env=False) as client:
            for asked in recorder.unsettled():
                outcome = await stage.load.send(client, asked)
                problem = checker.check_settled(asked, outcome, before)
                report.problems += [problem] if problem is not None else []
        after = checker.read(conn)
        verdict = checker.check(recorder, after)
        _note(report, verdict)
        report.problems += await _sessions_left(conn, stage)
    report.acknowledged, report.retried = recorder.acknowledged, recorder.retried
    report.found = verdict.found
    if verdict.found != recorder.acknowledged:
        report.problems.append("what is found is not what was acknowledged")
    report.problems += [
        f"wrong answer, {count} times: {what}" for what, count in recorder.wrong().items()
    ]
    report.problems += await _verify(postgres.url)


def _note(report: Report, verdict: Verdict) -> None:
    report.lost = max(report.lost, verdict.lost)
    report.doubled = max(report.doubled, verdict.doubled)
    report.problems += [one for one in verdict.problems if one not in report.problems]


async def _sessions_left(conn: psycopg.Connection, stage: Stage) -> list[str]:
    """Sessions beyond the pools', once the server has noticed which are nobody's any more."""
    most = _SESSIONS_MAX * stage.florin.workers
    until = time.monotonic() + _QUIET_SECONDS_MAX
    while True:
        count, what = checker.sessions(conn)
        if count <= most:
            return []
        if time.monotonic() > until:
            return [f"{count} sessions are left, not {most}: {what}"]
        await asyncio.sleep(_CALM_SECONDS / 10)


async def _verify(url: str) -> list[str]:
    """What `florin verify --seal` says, where it is not that all is well."""
    said = StringIO()
    settings = Settings(database_url=SecretStr(url))
    is_sound = await verify.verify(settings, Console(file=said, width=200), seals=True)
    return [] if is_sound else [f"florin verify: {said.getvalue()}"]
