"""The playground's examples, as a new user meets them: in order, over an empty ledger, twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, OperationType, parse, validate
from rich.console import Console

from schema.build import GRAPHQL_SCHEMA
from server import demo
from server.settings import Settings
from tests.api import Api, serving
from tests.integrity import assert_sound

EXAMPLES = sorted((Path(__file__).parents[2] / "playground" / "examples").glob("*.graphql"))
# What is refused the first time, on purpose: by step, response name and code.
REFUSED_AT_FIRST = {
    ("05_replay", "other", "IDEMPOTENCY_CONFLICT"),
    ("06_refusal", "postTransaction", "INSUFFICIENT_FUNDS"),
}
# What is there already when the tour is taken again.
REFUSED_AGAIN = REFUSED_AT_FIRST | {
    ("01_accounts", "points", "CURRENCY_TAKEN"),
    ("01_accounts", "user", "USERNAME_TAKEN"),
    *(("01_accounts", name, "ACCOUNT_CODE_TAKEN") for name in ("cash", "alice", "shop", "fees")),
}


def variables(example: Path) -> dict[str, Any]:
    given = example.with_suffix(".json")
    found: dict[str, Any] = json.loads(given.read_text()) if given.exists() else {}
    return found


def operation(example: Path) -> OperationDefinitionNode:
    """The one operation of an example."""
    operations = [
        node
        for node in parse(example.read_text()).definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    assert len(operations) == 1
    return operations[0]


def runnable() -> list[Path]:
    """All but the subscription, which has no end: a browser runs that one."""
    return [
        example
        for example in EXAMPLES
        if operation(example).operation is not OperationType.SUBSCRIPTION
    ]


def refusals(name: str, data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, result in data.items():
        if isinstance(result, dict) and "message" in result:
            yield name, key, result["code"]


def replays(data: dict[str, Any]) -> list[bool]:
    results = [result for result in data.values() if isinstance(result, dict)]
    return [result["replayed"] for result in results if "replayed" in result]


async def take_the_tour(api: Api) -> tuple[set[tuple[str, str, str]], dict[str, list[bool]]]:
    refused: set[tuple[str, str, str]] = set()
    replayed = {}
    for example in runnable():
        data = await api(example.read_text(), **variables(example))
        refused |= set(refusals(example.stem, data))
        replayed[example.stem] = replays(data)
    return refused, replayed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid_and_is_numbered_and_named_as_the_tour_needs(example: Path) -> None:
    document = example.read_text()
    assert validate(GRAPHQL_SCHEMA, parse(document)) == []
    number = int(example.stem[:2])
    assert document.startswith(f"# {number}. ")
    name = operation(example).name
    assert name is not None
    assert name.value.startswith(f"Step{number}_")
    assert number == EXAMPLES.index(example) + 1


async def test_the_tour_runs_from_top_to_bottom_on_an_empty_ledger_and_again(
    api: Api, database_url: str
) -> None:
    refused, replayed = await take_the_tour(api)
    assert refused == REFUSED_AT_FIRST
    assert {step: found for step, found in replayed.items() if True in found} == {
        "05_replay": [True]
    }
    balances = {code: await api.balance(f"tour:{code}") for code in ("cash", "alice", "shop")}
    assert balances == {"cash": "100.00", "alice": "85.00", "shop": "15.00"}

    refused, replayed = await take_the_tour(api)
    assert refused == REFUSED_AGAIN
    assert not any(False in found for found in replayed.values())
    assert balances == {code: await api.balance(f"tour:{code}") for code in balances}
    await assert_sound(database_url)


async def test_the_tour_runs_beside_the_demo_data(database_url: str) -> None:
    configured = Settings.model_validate({"DATABASE_URL": database_url})
    await demo.load(configured, Console(quiet=True), berka=None)
    async with serving(database_url) as api:
        refused, _ = await take_the_tour(api)
    assert refused == REFUSED_AT_FIRST
