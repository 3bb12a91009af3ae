"""The playground in a real browser: Debian's Chromium, driven by Playwright, over a real server.

Where there is no Chromium or no Node to build the playground with, these tests are skipped with
the reason, but never in CI.
"""

import os
import shutil
from collections.abc import Iterator
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser.visits import Visit, visit
from tools import node, playground

# Root needs --no-sandbox; the rest keeps Chromium from talking to anybody on its own account.
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def built() -> None:
    """The playground, built from the sources that are here."""
    if not playground.is_fresh():
        try:
            playground.build()
        except node.NodeError as error:
            _cannot(f"the playground cannot be built: {error}")


@pytest.fixture(scope="session")
def installed() -> node.Node:
    """A Node.js, and beside the playground's sources the packages that it is built with."""
    try:
        found = node.find()
        node.packages(playground.SOURCES, found)
    except node.NodeError as error:
        _cannot(f"the playground's packages cannot be installed: {error}")
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium without a window. Playwright's loop lives as long: no async tests beside these."""
    executable = shutil.which("chromium")
    if executable is None:
        _cannot("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def address(built: None, database_url: str) -> Iterator[str]:
    """Where a server of the test's own is, over an empty ledger."""
    with servers.running(database_url) as served:
        yield served


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the system prefers."""
    return str(request.param)


@pytest.fixture
def opened(chromium: Browser, address: str) -> Iterator[Visit]:
    """A visit to the playground by someone who prefers light."""
    with visit(chromium, address, scheme="light") as begun:
        yield begun


@pytest.fixture
def page(opened: Visit) -> Page:
    """The visit's page."""
    return opened.page


def _cannot(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
