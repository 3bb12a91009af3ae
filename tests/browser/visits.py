"""A visit to the playground with the network cut off but for the server itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from playwright.sync_api import Browser, Locator, Page, Route, expect

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
# On a busy machine Monaco takes its time.
SECONDS_MAX = 30


@dataclass
class Visit:
    """A page, and what it should never have done."""

    page: Page
    address: str
    asked_elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open_step(self, number: int) -> None:
        """Open the tab of a step of the tour."""
        tab = self.page.get_by_role("tab").filter(has_text=f"Step{number}_")
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")

    def write(self, document: str) -> None:
        """Have this document in the editor, and nothing else."""
        self._focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(document)

    def run(self) -> None:
        """Run what is in the editor, by keyboard."""
        self._focus()
        self.page.keyboard.press("Control+Enter")

    def _focus(self) -> None:
        self.page.locator(".graphiql-query-editor .monaco-editor textarea").focus()

    @property
    def response(self) -> Locator:
        """The response's lines, as far as they are on the screen."""
        return self.page.locator(".graphiql-response .view-lines")

    def photograph(self, name: str) -> None:
        """Keep a picture of the page for people to look at."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"playground-{name}.png")


@contextmanager
def visit(browser: Browser, address: str, *, scheme: str) -> Iterator[Visit]:
    """Open the playground in a fresh profile, and wait until it is ready to be used."""
    preferred = cast("Literal['light', 'dark']", scheme)
    context = browser.new_context(
        color_scheme=preferred, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(SECONDS_MAX * 1000)
    expect.set_options(timeout=SECONDS_MAX * 1000)
    page = context.new_page()
    begun = Visit(page, address)

    def only_the_server(route: Route) -> None:
        if route.request.url.startswith((f"{address}/", "data:")):
            route.continue_()
        else:
            begun.asked_elsewhere.append(route.request.url)
            route.abort()

    context.route("**/*", only_the_server)
    page.on(
        "console",
        lambda said: (
            begun.complaints.append(said.text) if said.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: begun.complaints.append(str(error)))
    page.goto(f"{address}/graphql")
    expect(page.locator(".graphiql-query-editor .view-line").first).to_be_visible()
    expect(page.get_by_label("Re-fetch GraphQL schema")).to_be_enabled()
    yield begun
    context.close()
