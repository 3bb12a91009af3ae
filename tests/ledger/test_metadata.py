"""Metadata is an application's own, within bounds that hold exactly."""

import math
from collections.abc import Callable, Mapping
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import metadata
from ledger.metadata import BYTES_MAX, DEPTH_MAX, KEYS_MAX, JSONValue

INTEGER_MAX = 2**53 - 1

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-INTEGER_MAX, INTEGER_MAX) | st.floats(-INTEGER_MAX, INTEGER_MAX)
scalars = st.none() | st.booleans() | numbers | texts
values: st.SearchStrategy[JSONValue] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=6)


def nested(depth: int, wrap: Callable[[object], object]) -> dict[str, object]:
    """An object with one container in another, ``depth`` in all; a scalar is in the innermost."""
    value: object = "leaf"
    for _ in range(depth - 1):
        value = wrap(value)
    return {"key": value}


def of_bytes(size: int, character: str) -> dict[str, str]:
    """An object that takes exactly so many bytes as JSON."""
    count = (size - len(b'{"key":""}')) // (len(orjson.dumps(character)) - len(b'""'))
    filled = {"key": character * count}
    return {"key": filled["key"] + "x" * (size - len(orjson.dumps(filled)))}


@given(objects)
def test_json_within_the_bounds_is_accepted(value: dict[str, JSONValue]) -> None:
    assert metadata.problem(value) is None


@pytest.mark.parametrize("value", [None, [], ["a"], "text", "", 0, 1, 1.5, True, False])
def test_only_an_object_is_metadata(value: object) -> None:
    assert metadata.problem(value) == "metadata is a JSON object"


def test_a_hundred_keys_are_kept_and_one_more_is_not() -> None:
    assert metadata.problem({str(n): n for n in range(KEYS_MAX)}) is None
    problem = metadata.problem({str(n): n for n in range(KEYS_MAX + 1)})
    assert problem == "metadata has 101 keys; at most 100 are kept"


def test_objects_within_may_have_more_keys_as_long_as_the_bytes_allow() -> None:
    assert metadata.problem({"within": {str(n): n for n in range(KEYS_MAX + 1)}}) is None


@pytest.mark.parametrize("character", ["x", "é", "€", "\U0001f600", '"', "\\", "\n"])
def test_16_kib_of_json_are_kept_and_one_byte_more_is_not(character: str) -> None:
    largest = of_bytes(BYTES_MAX, character)
    assert len(orjson.dumps(largest)) == BYTES_MAX
    assert metadata.problem(largest) is None
    problem = metadata.problem({**largest, "key": largest["key"] + "x"})
    assert problem == "metadata takes 16385 bytes as JSON; at most 16384 are kept"


@pytest.mark.parametrize("wrap", [lambda value: {"key": value}, lambda value: [value]])
def test_eight_levels_are_kept_and_one_more_is_not(wrap: Callable[[object], object]) -> None:
    assert metadata.problem(nested(DEPTH_MAX, wrap)) is None
    problem = metadata.problem(nested(DEPTH_MAX + 1, wrap))
    assert problem == "metadata is nested more than 8 deep"


def test_any_depth_is_refused_without_exhausting_the_stack() -> None:
    assert metadata.problem(nested(100_000, lambda value: [value])) is not None


@pytest.mark.parametrize(
    "number",
    [INTEGER_MAX, -INTEGER_MAX, float(INTEGER_MAX), 2.0**52 + 0.5, True, False, 5e-324, -0.0],
)
def test_numbers_that_json_readers_keep_are_kept(number: float) -> None:
    assert metadata.problem({"key": number}) is None


WRONG = [
    *((2**53, "2^53"), (-(2**53), "2^53"), (2**64, "2^53")),
    pytest.param(10**400, "2^53", id="more than a float can hold"),
    *((2.0**53, "2^53"), (-(2.0**53), "2^53"), (1e17, "2^53"), (1e308, "2^53")),
    *((math.nan, "not finite"), (math.inf, "not finite"), (-math.inf, "not finite")),
    *(("\x00", "NUL"), ("a\x00b", "NUL"), ("é\x00", "NUL")),
    *(("\ud800", "surrogate"), ("a\udfffb", "surrogate"), ("\ude00\ud83d", "surrogate")),
]
PLACES: list[Callable[[object], object]] = [
    lambda wrong: {"key": wrong},
    lambda wrong: {"fine": 1, "key": wrong},
    lambda wrong: {"list": ["fine", [wrong]]},
    lambda wrong: {"object": {"fine": {"key": wrong}}},
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("wrong", "because"), WRONG)
def test_what_cannot_be_stored_is_refused_wherever_it_stands(
    wrong: object, because: str, place: Callable[[object], object]
) -> None:
    assert because in (metadata.problem(place(wrong)) or "accepted")


@pytest.mark.parametrize("place", [lambda key: {key: 1}, lambda key: {"list": [{key: 1}]}])
@pytest.mark.parametrize("key", ["\x00", "a\x00", "\ud800", "é\udc00"])
def test_keys_are_held_to_the_same_as_texts(key: str, place: Callable[[str], object]) -> None:
    assert metadata.problem(place(key)) is not None


@given(objects, objects)
def test_merge_keeps_what_the_changes_do_not_name(
    old: dict[str, JSONValue], changes: dict[str, JSONValue]
) -> None:
    """RFC 7396 section 2, whose MergePatch touches no member that the patch does not name."""
    merged = metadata.merge(old, changes)
    untouched = old.keys() - changes.keys()
    assert {key: merged.get(key, "gone") for key in untouched} == {
        key: old[key] for key in untouched
    }


@given(objects, objects)
def test_merge_takes_the_changes_and_removes_what_they_set_to_null(
    old: dict[str, JSONValue], changes: dict[str, JSONValue]
) -> None:
    merged = metadata.merge(old, changes)
    assert merged.keys() <= old.keys() | changes.keys()
    for key, value in changes.items():
        assert merged.get(key) == value
        assert (key in merged) == (value is not None)


def test_merge_replaces_an_inner_object_whole() -> None:
    old: dict[str, JSONValue] = {"address": {"city": "Bern", "zip": "3000"}, "tier": "gold"}
    assert metadata.merge(old, {"address": {"city": "Basel"}}) == {
        "address": {"city": "Basel"},
        "tier": "gold",
    }


def test_merge_changes_neither_of_its_arguments() -> None:
    old: dict[str, JSONValue] = {"a": 1, "b": 2}
    changes: dict[str, JSONValue] = {"a": None, "c": 3}
    assert metadata.merge(old, changes) == {"b": 2, "c": 3}
    assert (old, changes) == ({"a": 1, "b": 2}, {"a": None, "c": 3})


@given(objects)
def test_merging_twice_is_merging_once(changes: dict[str, JSONValue]) -> None:
    once = metadata.merge({"old": 1}, changes)
    assert metadata.merge(once, changes) == once


@given(objects, st.randoms(use_true_random=False))
def test_the_digest_does_not_see_the_order_of_keys(
    value: dict[str, JSONValue], random: Random
) -> None:
    assert metadata.digest(value) == metadata.digest(_in_another_order(value, random))


@given(objects, objects)
def test_the_digest_tells_different_metadata_apart(
    one: dict[str, JSONValue], other: dict[str, JSONValue]
) -> None:
    same = orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        other, option=orjson.OPT_SORT_KEYS
    )
    assert (metadata.digest(one) == metadata.digest(other)) == same


@pytest.mark.parametrize(
    "other",
    [{"key": "1"}, {"key": True}, {"key": None}, {"key": [1]}, {"Key": 1}, {"key": 1, "b": 2}, {}],
)
def test_the_digest_sees_types_and_keys(other: dict[str, JSONValue]) -> None:
    assert metadata.digest({"key": 1}) != metadata.digest(other)


def test_the_digest_sees_the_order_of_lists() -> None:
    assert metadata.digest({"key": [1, 2]}) != metadata.digest({"key": [2, 1]})


def test_the_digest_has_16_bytes() -> None:
    assert len(metadata.digest({})) == len(metadata.digest(of_bytes(BYTES_MAX, "x"))) == 16


def _shuffled(value: JSONValue, random: Random) -> JSONValue:
    if isinstance(value, list):
        return [_shuffled(item, random) for item in value]
    return _in_another_order(value, random) if isinstance(value, Mapping) else value


def _in_another_order(value: metadata.Metadata, random: Random) -> metadata.Metadata:
    keys = list(value)
    random.shuffle(keys)
    return {key: _shuffled(value[key], random) for key in keys}
