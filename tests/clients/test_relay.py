"""Relay on schema.graphql: it compiles, and its runtime pages, refetches and merges by id."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests import servers
from tests.clients.clients import TYPESCRIPT, Clients

_COMPILER: Final = "relay-compiler/cli.js"
_SAMPLE: Final = "relay/generated/js/sample.js"
_GENERATED: Final = Path(__file__).parent / "relay" / "generated"
_MANIFEST: Final = _GENERATED / "persisted.json"

EXPECTED: Final = {
    "first": ["3. three: CREDIT 0.10", "2. two: CREDIT 0.10"],
    "whole": ["3. three: CREDIT 0.10", "2. two: CREDIT 0.10", "1. one: CREDIT 0.10"],
    "hasNextPage": False,
    "before": "0.30",
    "after": "5.30",
}


@pytest.fixture(scope="module")
def sample(clients: Clients) -> str:
    """The compiled sample, with a manifest of its documents."""
    shutil.rmtree(_GENERATED, ignore_errors=True)
    # The compiler wants both to be there.
    (_GENERATED / "artifacts").mkdir(parents=True)
    _MANIFEST.write_text("{}")
    clients.tool(_COMPILER, "relay.config.json", folder="relay")
    clients.tool(TYPESCRIPT, folder="relay")
    return _SAMPLE


def test_relay_pages_through_a_connection_and_merges_by_global_id(
    clients: Clients, sample: str, database_url: str
) -> None:
    with servers.running(database_url) as address:
        found = clients.answer(sample, f"{address}/graphql", "text", str(_MANIFEST))
    assert found == EXPECTED


def test_a_server_that_trusts_relay_s_documents_takes_them_by_id(
    clients: Clients, sample: str, database_url: str
) -> None:
    assert len(json.loads(_MANIFEST.read_text())) == 4
    with servers.running(
        database_url, "--trusted-documents", str(_MANIFEST), "--trusted-documents-only"
    ) as address:
        found = clients.answer(sample, f"{address}/graphql", "ids", str(_MANIFEST))
    assert found == EXPECTED
