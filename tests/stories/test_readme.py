"""The README's quick start, run as printed against a server that was started as printed."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings
from tests import servers

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = re.compile(r"```sh\n(curl (?:(?!```).)*)```\n\n```json\n(.*?)```", re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def address(database_url: str) -> Iterator[str]:
    """A real `florin serve` on a free port."""
    with servers.running(database_url) as serving:
        yield serving


def run(command: str) -> Any:  # noqa: ANN401
    done = subprocess.run(  # noqa: S603 - the README's own words
        ["bash", "-c", command],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return json.loads(done.stdout)


def test_every_example_of_the_quick_start_answers_as_printed(address: str) -> None:
    examples = BLOCK.findall(README)
    assert len(examples) == 5
    for command, printed in examples:
        answer = run(command.replace(ADDRESS, address))
        assert answer.pop("extensions")["cost"]["requested"] > 0
        assert answer == json.loads(printed)


def test_a_browser_is_shown_the_playground(address: str) -> None:
    asked = urllib.request.Request(f"{address}/graphql", headers={"accept": "text/html"})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        page = answer.read().decode()
    assert "playground" in page.lower()
    assert answer.headers["content-type"].startswith("text/html")


def test_every_setting_is_in_the_readme() -> None:
    for name in Settings.model_fields:
        variable = "DATABASE_URL" if name == "database_url" else f"FLORIN_{name.upper()}"
        assert f"`{variable}`" in README, variable
