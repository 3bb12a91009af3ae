"""The playground as it is served, over a build that stands in for the real one."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from server import playground
from server import serving as server_serving
from server.settings import Settings
from tests.api import Api, serving

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "/static/playground/assets/index-0123abcd.js"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the playground is looked for; nothing is there yet."""
    monkeypatch.setattr(playground, "_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def built(folder: Path) -> Path:
    """The same, with a page and a script in it."""
    (folder / "index.html").write_text(f'<!doctype html><script src="{SCRIPT}"></script>')
    (folder / "assets").mkdir()
    (folder / "assets" / "index-0123abcd.js").write_text("export {};")
    (folder / ".built-from").write_text("sources")
    return folder


async def test_browsers_get_the_page_and_it_may_run_nothing_from_elsewhere(
    built: Path, database_url: str
) -> None:
    async with serving(database_url) as api:
        page = await api.client.get("/graphql", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.text == (built / "index.html").read_text()
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("style-src") == "'self' 'unsafe-inline'"
    assert {policy.pop("script-src"), policy.pop("worker-src"), policy.pop("connect-src")} == {
        "'self'"
    }
    assert {policy.pop("img-src"), policy.pop("font-src")} == {"'self' data:"}
    assert policy == dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'")


async def test_assets_may_be_kept_for_ever_and_nothing_else_is_served(
    built: Path, database_url: str
) -> None:
    async with serving(database_url) as api:
        script = await api.client.get(SCRIPT)
        others = [
            await api.client.get(f"/static/playground/{name}")
            for name in ("", ".built-from", "index.html", "assets", "assets/none.js")
        ]
        above = await api.client.get("/static/playground/assets/%2e%2e/.built-from")
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "script-src 'self'" in script.headers["content-security-policy"]
    assert {other.status_code for other in (*others, above)} == {404}


async def test_without_a_build_the_page_says_what_to_run_and_the_api_works(
    folder: Path, database_url: str
) -> None:
    async with serving(database_url) as api:
        page = await api.client.get("/graphql", headers=BROWSER)
        assert page.status_code == 503
        assert "<code>make playground</code>" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert (await api.client.get(SCRIPT)).status_code == 404
        assert await api("{ __typename }") == {"__typename": "Query"}


async def test_a_query_in_the_address_is_answered_even_to_a_browser(built: Path, api: Api) -> None:
    answer = await api.client.get("/graphql", params={"query": "{__typename}"}, headers=BROWSER)
    assert answer.json()["data"] == {"__typename": "Query"}


def said(configured: Settings) -> str:
    """What `florin serve` prints before it serves."""
    output = StringIO()
    console = Console(file=output, width=200)
    server_serving._say_where(configured, console, console, asks_for_credentials=True)
    return output.getvalue()


@pytest.mark.usefixtures("folder")
def test_serve_says_how_to_build_what_is_not_there() -> None:
    assert "run `make playground`" in said(Settings())


@pytest.mark.usefixtures("built")
def test_serve_says_nothing_of_a_playground_that_is_there() -> None:
    assert "make playground" not in said(Settings())
