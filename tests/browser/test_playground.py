"""What somebody sees and does who opens /graphql in a browser."""

import json

from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import Visit, visit


def test_it_loads_with_the_network_cut_off(chromium: Browser, address: str, scheme: str) -> None:
    with visit(chromium, address, scheme=scheme) as opened:
        page = opened.page
        assert page.title() == "Florin playground"
        expect(page.get_by_role("tab")).not_to_have_count(0)
        page.get_by_label("Show Documentation Explorer").click()
        expect(page.get_by_text("Root Types")).to_be_visible()
        opened.photograph(f"schema-{scheme}")
        page.get_by_label("Show Tour").click()
        opened.photograph(f"first-sight-{scheme}")
        # The editor's workers are files of this origin, too.
        assert {worker.url.split("/static/playground/assets/")[0] for worker in page.workers} == {
            address
        }
        assert opened.asked_elsewhere == []
        assert opened.complaints == []


def test_an_example_runs_and_a_refusal_shows(chromium: Browser, address: str, scheme: str) -> None:
    with visit(chromium, address, scheme=scheme) as opened:
        opened.run()
        expect(opened.response).to_contain_text("tour:alice")
        opened.open_step(2)
        opened.run()
        expect(opened.response).to_contain_text('"state": "POSTED"')
        opened.photograph(f"example-{scheme}")
        opened.open_step(6)
        opened.run()
        expect(opened.response).to_contain_text("InsufficientFunds")
        expect(opened.response).to_contain_text("Fund the account, take less, or lower its floor")
        opened.photograph(f"refusal-{scheme}")
        assert opened.complaints == []


def test_the_tour_opens_steps_and_brings_closed_ones_back(opened: Visit, page: Page) -> None:
    page.get_by_role("button", name="Read balances and history").click()
    active = page.locator("[role=tab][aria-selected=true]")
    expect(active).to_contain_text("Step4_History")
    active.get_by_label("Close Tab").click()
    expect(page.get_by_role("tab", name="Step4_History")).to_have_count(0)
    page.get_by_role("button", name="Read balances and history").click()
    expect(active).to_contain_text("Step4_History")
    expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text("Step4_History")


def test_the_examples_can_be_restored(opened: Visit, page: Page) -> None:
    before = page.get_by_role("tab").all_inner_texts()
    page.get_by_label("Close Tab").first.click()
    expect(page.get_by_role("tab", name="Step1_Accounts")).to_have_count(0)
    page.get_by_role("button", name="Restore the examples").click()
    expect(page.get_by_role("tab", name="Step1_Accounts")).to_have_count(1)
    assert page.get_by_role("tab").all_inner_texts() == before


def test_authorization_is_sent_and_kept_for_the_session_only(opened: Visit, page: Page) -> None:
    secret = "Bearer of-nothing-in-particular"  # noqa: S105 - nobody's
    page.get_by_label("Authorization").fill(secret)
    with page.expect_request(lambda request: request.method == "POST") as asked:
        opened.run()
    assert asked.value.headers["authorization"] == secret
    expect(opened.response).to_contain_text("data")
    kept = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
    assert secret in json.dumps(json.loads(kept[0]))
    assert secret not in kept[1]
    page.reload()
    expect(page.get_by_label("Authorization")).to_have_value(secret)


def test_it_can_be_used_by_keyboard_alone(opened: Visit, page: Page) -> None:
    explain = page.get_by_label("Show Explain")
    # The head of the page, then GraphiQL's own buttons: all of it comes before the editor.
    for _ in range(10):
        page.keyboard.press("Tab")
        if explain.evaluate("element => element === document.activeElement"):
            break
    expect(explain).to_be_focused()
    assert explain.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    switch = page.get_by_role("switch", name="Explain requests")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    opened.run()
    expect(opened.response).to_contain_text("tour:cash")


def test_every_button_and_field_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, [role=tab], [role=switch]')]
            .filter((element) => element.checkVisibility() && !(
                element.getAttribute('aria-label') || element.textContent.trim() ||
                element.labels?.[0]?.textContent.trim()))
            .map((element) => element.outerHTML)"""
    )
    assert nameless == []
