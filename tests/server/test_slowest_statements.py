"""pg_stat_statements: where the server has it, its statements are shown, and never a value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.api import Api, serving, transaction
from tests.faults import databases
from tests.faults.databases import BINARIES_VARIABLE, Postgres

CANARY: Final = "canary4711"
SLOWEST: Final = """
    {
        diagnostics {
            slowest { hint statements { statement calls totalMilliseconds rows hint } }
        }
    }
"""
# Debian's packages, which have PostgreSQL's contrib modules; the embedded server does not.
INSTALLED: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def binaries(monkeypatch: pytest.MonkeyPatch) -> None:
    if not INSTALLED:
        pytest.skip("There is no PostgreSQL in /usr/lib/postgresql.")
    monkeypatch.setenv(BINARIES_VARIABLE, str(INSTALLED[-1]))


@pytest.fixture
def counting(binaries: None) -> Iterator[Postgres]:
    """A server that was started with it."""
    with databases.running({"shared_preload_libraries": "pg_stat_statements"}) as postgres:
        yield postgres


async def section(api: Api) -> tuple[str | None, list[dict[str, str]]]:
    found = (await api(SLOWEST))["diagnostics"]["slowest"]
    return found["hint"], found["statements"]


async def test_the_slowest_statements_are_shown_without_values(counting: Postgres) -> None:
    async with serving(counting.url) as api:
        hint, statements = await section(api)
        assert statements == []
        assert "CREATE EXTENSION pg_stat_statements" in str(hint)
        with counting.administrator() as conn:
            conn.execute("CREATE SCHEMA extensions")
            conn.execute("CREATE EXTENSION pg_stat_statements SCHEMA extensions")
            assert "GRANT USAGE ON SCHEMA" in str((await section(api))[0])
            conn.execute("GRANT USAGE ON SCHEMA extensions TO florin_app")
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account(CANARY, metadata={CANARY: CANARY})
        await api.create_user(CANARY)
        for number in range(3):
            await api.post_batch([transaction(f"{CANARY}{number}", ("cash", CANARY, "1.00"))])
        await api(f'{{ account(by: {{ code: "{CANARY}" }}) {{ id }} }}')
        hint, statements = await section(api)
    assert hint is None
    assert len(statements) > 5
    assert CANARY not in repr(statements)
    totals = [float(one["totalMilliseconds"]) for one in statements]
    assert totals == sorted(totals, reverse=True)
    postings = [one for one in statements if "INSERT INTO florin.entries" in one["statement"]]
    assert [one["calls"] for one in postings] == ["3"]


async def test_installed_but_not_loaded_is_said_with_its_remedy(
    binaries: None,
) -> None:
    with databases.running() as postgres:
        with postgres.administrator() as conn:
            conn.execute("CREATE EXTENSION pg_stat_statements")
        async with serving(postgres.url) as api:
            hint, statements = await section(api)
    assert statements == []
    assert "shared_preload_libraries" in str(hint)
