"""`florin top`: what { diagnostics } answers, as JSON or for people."""

import json
import os
import subprocess
import sys

from server.top import DIAGNOSTICS
from tests.api import Api


def top(database_url: str, *options: str) -> str:
    environment = {**os.environ, "DATABASE_URL": database_url, "COLUMNS": "200"}
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "server", "top", *options],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


async def test_json_is_what_the_api_answers(api: Api, database_url: str) -> None:
    printed = json.loads(top(database_url, "--json"))
    answered = (await api(DIAGNOSTICS))["diagnostics"]
    assert printed.keys() == answered.keys()
    assert printed["server"].keys() == answered["server"].keys()
    names = [table["name"] for table in printed["tables"]["tables"]]
    assert sorted(names) == sorted(table["name"] for table in answered["tables"]["tables"])


def test_once_prints_a_table_of_each_section(database_url: str) -> None:
    printed = top(database_url, "--once")
    for title in ("sessions", "slowest statements", "tables", "indexes", "PostgreSQL"):
        assert title in printed
    assert "transactions" in printed
