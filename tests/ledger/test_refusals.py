"""Every refusal has a code of its own and a message that says what happened and what to do."""

import string
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from ledger import refusals
from ledger.paths import Path
from ledger.refusals import Refusal

KINDS: tuple[type[Refusal], ...] = get_args(Refusal)
PLACEHOLDERS: dict[object, object] = {
    Path: ("input", "transactions", "3"),
    str: "{it's}",
    UUID: UUID(int=7),
    int: 7,
    datetime: datetime(2026, 11, 24, tzinfo=UTC),
}


def example(kind: type[Refusal]) -> Refusal:
    """A refusal with something in every field."""
    fields = msgspec.structs.fields(kind)
    return msgspec.convert({field.name: PLACEHOLDERS[field.type] for field in fields}, kind)


def test_the_posting_refusals_are_refusals() -> None:
    assert set(get_args(refusals.PostingRefusal)) < set(KINDS)


def test_every_refusal_of_the_module_is_in_the_union() -> None:
    structs = {
        value
        for value in vars(refusals).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    assert structs == set(KINDS)


def test_every_refusal_has_its_own_code() -> None:
    codes = {kind.code for kind in KINDS}
    assert len(codes) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_is_the_name_in_capitals(kind: type[Refusal]) -> None:
    words = "".join(f"_{c}" if c.isupper() else c for c in kind.__name__)
    assert kind.code == words.removeprefix("_").upper()


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_says_where(kind: type[Refusal]) -> None:
    assert "path" in {field.name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_is_whole_sentences(kind: type[Refusal]) -> None:
    text = refusals.message(example(kind))
    assert text.endswith(".")
    assert "  " not in text
    assert "{refusal" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_shows_only_what_its_refusal_holds(kind: type[Refusal]) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(kind.text) if name is not None}
    fields = {f"refusal.{field.name}" for field in msgspec.structs.fields(kind)}
    assert names <= fields | {"where"}
    assert names


def test_a_message_leads_to_the_place() -> None:
    refused = refusals.InvalidInput(path=("input", "transactions", "3", "key"), problem="it is bad")
    assert refusals.message(refused) == "input.transactions.3.key is refused: it is bad."


def test_braces_in_what_a_client_sent_are_shown_as_they_are() -> None:
    refused = refusals.AccountNotFound(path=("input",), account="{refusal.path}")
    assert "'{refusal.path}'" in refusals.message(refused)
