"""The playground of a server that asks who somebody is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import servers
from tests.browser.visits import visit
from tests.credentials import SECRET, Key, new_key, new_ledger

LEDGER = "query Which { ledger { code } }"
FOLLOW = 'subscription { ledgerEvents(after: "0") { cursor } }'


@pytest.fixture
def key(database_url: str) -> Key:
    """A key to one of two ledgers."""
    new_ledger(database_url, "eu-wallets")
    return new_key(database_url, "main")


@pytest.fixture
def closed(
    built: None, database_url: str, key: Key, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where that server is."""
    assert key
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", SECRET.get_secret_value())
    with servers.running(database_url) as served:
        yield served


def test_a_key_in_its_field_opens_everything(chromium: Browser, closed: str, key: Key) -> None:
    with visit(chromium, closed, scheme="light") as opened:
        page = opened.page
        opened.write(LEDGER)
        opened.run()
        expect(opened.response).to_contain_text("UNAUTHENTICATED")
        expect(opened.response).to_contain_text("florin key create")
        opened.photograph("without-a-key")
        page.get_by_label("Authorization").fill(key.text)
        page.get_by_label("Authorization").press("Enter")
        page.get_by_label("Show Documentation Explorer").click()
        expect(page.get_by_text("Root Types")).to_be_visible()
        opened.run()
        expect(opened.response).to_contain_text('"code": "main"')
        # Only of what was refused before there was a key.
        assert all("401" in complaint for complaint in opened.complaints)


def test_a_key_in_its_field_is_said_to_sockets(chromium: Browser, closed: str, key: Key) -> None:
    with visit(chromium, closed, scheme="light") as opened:
        page = opened.page
        page.get_by_label("Authorization").fill(key.text)
        page.get_by_label("Authorization").press("Enter")
        opened.write(FOLLOW)
        opened.run()
        stop = page.get_by_label("Stop query")
        expect(stop).to_be_visible()
        # A socket that was refused would have ended by now.
        page.wait_for_timeout(1000)
        expect(stop).to_be_visible()
        expect(opened.response).not_to_contain_text("closed")
        stop.click()


def test_a_subscription_without_a_key_says_why_it_ends(chromium: Browser, closed: str) -> None:
    with visit(chromium, closed, scheme="light") as opened:
        opened.write(FOLLOW)
        opened.run()
        expect(opened.response).to_contain_text("4401")
        expect(opened.response).to_contain_text("Say who you are")
