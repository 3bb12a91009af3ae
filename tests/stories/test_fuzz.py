"""Requests put together at random: none is a fault, and the ledger stays sound."""

import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import nasty, walk
from tests.api import Api
from tests.hostile import assert_answered, assert_serves, seed, send
from tests.integrity import assert_sound
from tests.walk import Call, Slot

CALLS = walk.calls()
# About ten seconds on two cores.
EXAMPLES = 2000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Call, dict[str, object], int]:
    """A call whose arguments are in order but for up to three slots; often as a plain replay."""
    call = draw(st.sampled_from(CALLS))
    number = draw(st.integers(0, 5))
    arguments = walk.baseline(call, number)
    for slot in draw(st.lists(st.sampled_from(list(walk.slots(call))), max_size=3)):
        value = draw(_value(slot))
        merged = walk.with_value(call, slot, value, number)
        arguments = _merged(arguments, merged)
    return call, arguments, number


def _value(slot: Slot) -> st.SearchStrategy[object]:
    return st.sampled_from(list(nasty.values(slot.type))) | st.text(max_size=40) | json_values


def _merged(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    """Both objects in one; where they meet, the second one's value counts."""
    merged = dict(one)
    for key, value in other.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merged(before, value) if both else value  # type: ignore[arg-type]
    return merged


@pytest.fixture
async def fuzzed(api: Api, database_url: str) -> AsyncIterator[Api]:
    """A seeded application that must be as sound afterwards as before."""
    await seed(api)
    yield api
    await assert_serves(api)
    await assert_sound(database_url)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests())
async def test_no_request_put_together_at_random_is_a_fault(
    fuzzed: Api, request: tuple[Call, dict[str, object], int]
) -> None:
    call, arguments, number = request
    query, variables = walk.document(call, arguments, number)
    assert_answered(await send(fuzzed, query, variables), (call.name, arguments))


async def test_payments_at_random_leave_every_balance_explained(
    fuzzed: Api, database_url: str
) -> None:
    chance = random.Random(20260131)  # noqa: S311 - repeatable on purpose
    codes = ["cash", "wallet", "other", "nobody"]
    await fuzzed.open_account("other", ceiling="50.00")
    for number in range(150):
        legs = [
            (chance.choice(codes), chance.choice(codes), f"{chance.randint(0, 5000) / 100:.2f}")
            for _ in range(chance.randint(1, 4))
        ]
        await fuzzed.post(f"k{number % 120}", *legs)
    await assert_sound(database_url)
