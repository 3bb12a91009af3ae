"""GraphQL over HTTP by the book: the audits of the reference implementation, graphql-http."""

from tests.clients.clients import Clients

# As many as version 1.23.1 has. A newer version with more should have its new ones looked at.
AUDITS = 61


def test_all_audits_of_graphql_over_http_pass(clients: Clients, address: str) -> None:
    results = clients.answer("audits.mjs", f"{address}/graphql")
    assert len({result["id"] for result in results}) == AUDITS
    assert [result for result in results if result["status"] != "ok"] == []
