"""Whoever has the key of one ledger learns nothing of another, by whatever the schema can be asked.

Each request is sent in two worlds, with that other ledger and without it (``tests.strangers``), and
has to be answered alike: same status, headers and body, and by the same statements.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from graphql import get_named_type

from tests import strangers, walk
from tests.strangers import Stranger, Theirs, Worlds
from tests.walk import Call, Slot

# What names nothing, and is never looked up.
_PROSE: Final = frozenset({"description", "name"})
CALLS = pytest.mark.parametrize("call", walk.calls(), ids=lambda call: call.name)


@pytest.fixture(scope="module")
def worlds(shared_database_url: str) -> Iterator[Worlds]:
    """With somebody else's ledger, and without."""
    with strangers.two_worlds(shared_database_url) as both:
        yield both


@pytest.fixture
async def stranger(worlds: Worlds) -> AsyncIterator[Stranger]:
    """Somebody with the key of another ledger."""
    async with strangers.stranger(worlds) as somebody:
        yield somebody


def of_theirs(theirs: Theirs, slot: Slot) -> list[object]:
    """Everything of theirs that can be put into a slot."""
    match get_named_type(slot.type).name:
        case "ID" | "String":
            texts: list[object] = list(theirs.texts.values())
            return texts[:3] if slot.path[-1] in _PROSE else texts
        case "JSON":
            return list(theirs.objects.values())
        case "DateTime":
            return list(theirs.times.values())
        case "Amount":
            return ["765.43"]
    return []


@CALLS
async def test_nothing_of_another_ledger_shows_whatever_is_named(
    stranger: Stranger, call: Call
) -> None:
    asked = 0
    for slot in walk.slots(call):
        for value in of_theirs(stranger.worlds.theirs, slot):
            asked += 1
            arguments = walk.with_value(call, slot, value, asked)
            answer = await stranger.asks(*walk.document(call, arguments, asked))
            assert "Success" not in answer or call.operation == "mutation"
    assert asked
