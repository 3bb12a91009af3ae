"""What was left out of an input: Strawberry's UNSET, read as the resolvers want it."""

from typing import TypeVar

from strawberry import UNSET

from ledger.metadata import Metadata
from schema.scalars import JSON

Value = TypeVar("Value")


def or_none(value: Value | None) -> Value | None:
    """What was sent, None where nothing was."""
    return None if value is UNSET else value


def or_empty(value: JSON | None) -> Metadata:
    """What was sent as metadata, an empty object where nothing or null was."""
    sent = or_none(value)
    return {} if sent is None else sent
