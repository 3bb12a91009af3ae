"""What the playground adds to GraphiQL: live events, and the Explain panel."""

import psycopg
from playwright.sync_api import Browser, Page, expect

from tests.browser import tours
from tests.browser.visits import Visit, visit

POST = """
    mutation ($key: String!) {
        postTransaction(input: {
            idempotencyKey: $key, description: "Posted from elsewhere",
            postings: [{
                debit: { code: "tour:cash" }, credit: { code: "tour:alice" }, amount: "1.00"
            }]
        }) { __typename }
    }
"""


def test_events_show_as_they_happen(chromium: Browser, address: str, scheme: str) -> None:
    tours.take_steps(address, 1, 3)
    with visit(chromium, address, scheme=scheme) as opened:
        opened.open_step(13)
        opened.run()
        expect(opened.response).to_contain_text("Two coffees")
        tours.send(address, POST, {"key": "elsewhere"})
        expect(opened.response).to_contain_text("Posted from elsewhere")
        opened.photograph(f"live-{scheme}")
        page = opened.page
        page.get_by_label("Stop query").click()
        expect(page.get_by_label("Execute query")).to_be_visible()
        assert opened.complaints == []


def test_explain_shows_fields_statements_and_plans(
    chromium: Browser, address: str, scheme: str
) -> None:
    tours.take_steps(address, 1, 11)
    with visit(chromium, address, scheme=scheme) as opened:
        page = opened.page
        opened.open_step(12)
        page.get_by_role("toolbar").get_by_label("Explain requests").click()
        opened.run()
        panel = page.get_by_role("region", name="Explain")
        expect(panel).to_contain_text("Step12_Explain: 4 statements")
        for field in ("accounts", "owner", "entries", "transaction"):
            expect(panel.get_by_text(field, exact=True).first).to_be_visible()
        owners = panel.locator("details").filter(has_text="SELECT users")
        owners.locator("summary").click()
        plan = owners.get_by_role("list", name="Plan")
        expect(plan).to_contain_text("Index Scan on users by users_pkey")
        expect(plan).to_contain_text("1 row (estimated 1) · ")
        opened.photograph(f"explain-{scheme}")
        # What the panel shows is not shown a second time.
        expect(opened.response).not_to_contain_text("Index Scan")
        assert opened.asked_elsewhere == []
        assert opened.complaints == []


def test_sequential_scans_are_marked(opened: Visit, page: Page, database_url: str) -> None:
    # With statistics the planner knows that all currencies are asked for.
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("ANALYZE florin.currencies")
    page.get_by_label("New tab").click()
    opened.write("{ ledger { currencies { code } } }")
    page.get_by_role("toolbar").get_by_label("Explain requests").click()
    opened.run()
    panel = page.get_by_role("region", name="Explain")
    expect(panel).to_contain_text("1 sequential scan")
    read = panel.locator("details").filter(has_text="SELECT currencies")
    expect(read.locator("summary")).to_contain_text("sequential scan")
    read.locator("summary").click()
    expect(read.get_by_role("list", name="Plan")).to_contain_text(
        "Seq Scan on currencies sequential scan"
    )
    opened.photograph("sequential-scan")


def test_without_explain_nothing_is_asked_to_be_explained(opened: Visit, page: Page) -> None:
    with page.expect_request(lambda request: request.method == "POST") as plain:
        opened.run()
    assert "extensions" not in (plain.value.post_data_json or {})
    expect(opened.response).to_contain_text("data")
    page.get_by_role("toolbar").get_by_label("Explain requests").click()
    with page.expect_request(lambda request: request.method == "POST") as explained:
        opened.run()
    asked = explained.value.post_data_json
    assert asked is not None
    assert asked["extensions"] == {"florin": {"explain": True}}
