"""A typed sample made by graphql-codegen from schema.graphql: it compiles strictly, and it runs."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests import servers
from tests.clients.clients import TYPESCRIPT, Clients

_CODEGEN: Final = "@graphql-codegen/cli/esm/bin.js"
_SAMPLE: Final = "codegen/generated/js/sample.js"
_MANIFEST: Final = Path(__file__).parent / "codegen/generated/gql/persisted-documents.json"

EXPECTED: Final = {
    "opened": ["OpenAccountSuccess", "OpenAccountSuccess"],
    "outcomes": [
        *("POSTED", "POSTED", "POSTED", "POSTED again", "IDEMPOTENCY_CONFLICT"),
        "wallet has 30.30 of 1000.00",
    ],
    "pages": [["three: 30.00", "two: 0.20"], ["one: 0.10"]],
    "balance": "30.30",
}


@pytest.fixture(scope="module")
def sample(clients: Clients) -> str:
    """The compiled sample. What it says is wrong did not compile."""
    clients.tool(_CODEGEN, "--config", "codegen.json", folder="codegen")
    clients.tool(TYPESCRIPT, folder="codegen")
    return _SAMPLE


def test_a_typed_sample_compiles_and_posts_and_reads(
    clients: Clients, sample: str, database_url: str
) -> None:
    with servers.running(database_url) as address:
        assert clients.answer(sample, f"{address}/graphql", "text") == EXPECTED


def test_a_server_that_trusts_the_sample_s_documents_takes_them_by_id(
    clients: Clients, sample: str, database_url: str
) -> None:
    assert len(json.loads(_MANIFEST.read_text())) == 3
    with servers.running(
        database_url, "--trusted-documents", str(_MANIFEST), "--trusted-documents-only"
    ) as address:
        assert clients.answer(sample, f"{address}/graphql", "ids") == EXPECTED
