"""What an export does to its file: all of it, or nothing; and when something expires meanwhile."""

from io import StringIO
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from rich.console import Console

from server import exporting
from server.settings import Settings


def run(database_url: str, output: Path) -> tuple[int, str]:
    err = StringIO()
    settings = Settings(database_url=SecretStr(database_url))
    return exporting.run(settings, Console(file=err), output=output), err.getvalue()


def test_a_file_is_as_it_was_until_all_of_the_next_is_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text("as it was before")
    for broken in (make_conninfo(database_url, dbname="nowhere"), database_url):
        if broken == database_url:
            # A full disk, or whatever else may happen at the last moment.
            monkeypatch.setattr("os.fsync", _fail)
        status, said = run(broken, file)
        assert status == exporting.UNABLE
        assert "could not be exported" in said
        assert f"{file} is as it was before" in said.replace("\n", "")
        assert file.read_text() == "as it was before"
        assert list(tmp_path.iterdir()) == [file]
    monkeypatch.undo()
    assert run(database_url, file)[0] == exporting.WHOLE
    assert file.read_text() == ""


def test_what_is_no_file_is_not_replaced(database_url: str, tmp_path: Path) -> None:
    status, said = run(database_url, tmp_path)
    assert (status, "is not a file" in said) == (exporting.UNABLE, True)
    assert tmp_path.is_dir()
    assert run(database_url, tmp_path / "no folder" / "ledger.jsonl")[0] == exporting.UNABLE


def _fail(_descriptor: int) -> None:
    raise OSError("No space left on device")
