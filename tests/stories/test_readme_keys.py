"""The README's ledgers and keys, made and used as printed."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import servers

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = r"```sh\n(\.venv/bin/florin ledger create .*?)```"
BLOCK = re.compile(COMMANDS + r"\n\n```json\n(.*?)```", re.DOTALL)


def test_a_ledger_and_its_key_are_made_and_answered_as_printed(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((commands, printed),) = BLOCK.findall(README)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FLORIN_DATA_DIRECTORY", str(tmp_path))
    with servers.running(database_url) as address:
        done = subprocess.run(  # noqa: S603 - the README's own words
            ["bash", "-euc", commands.replace("http://127.0.0.1:8000", address)],  # noqa: S607
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer.pop("extensions")["cost"]["requested"] > 0
    assert answer == json.loads(printed)
