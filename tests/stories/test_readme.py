"""The README's quick start, run as printed against a server that was started as printed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = re.compile(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def address(database_url: str) -> Iterator[str]:
    """A real `florin serve` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": database_url}
    command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "florin serve ended"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own
                if answer.status == 200:
                    return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError("florin serve was not ready in time.")


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
    assert "graphiql" in page.lower()
    assert answer.headers["content-type"].startswith("text/html")


def test_every_setting_is_in_the_readme() -> None:
    for name in Settings.model_fields:
        variable = "DATABASE_URL" if name == "database_url" else f"FLORIN_{name.upper()}"
        assert f"`{variable}`" in README, variable
