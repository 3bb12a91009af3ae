"""The tour's examples, sent to a server without a browser."""

import json
from pathlib import Path
from typing import Any

import httpx

_EXAMPLES = Path(__file__).parents[2] / "playground" / "examples"


def take_steps(address: str, first: int, last: int) -> None:
    """Run some of the examples, in their order."""
    for number in range(first, last + 1):
        (document,) = _EXAMPLES.glob(f"{number:02}_*.graphql")
        given = document.with_suffix(".json")
        variables = json.loads(given.read_text()) if given.exists() else {}
        send(address, document.read_text(), variables)


def send(address: str, query: str, variables: dict[str, Any]) -> Any:  # noqa: ANN401
    """The data; fails the test on any error."""
    answer = httpx.post(f"{address}/graphql", json={"query": query, "variables": variables})
    body = answer.json()
    assert "errors" not in body, body["errors"]
    return body["data"]
