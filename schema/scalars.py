"""Scalars: exact where JSON's own types would not be."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NewType, TypeVar

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from ledger.metadata import JSONValue

Amount = NewType("Amount", str)
BigInt = NewType("BigInt", int)
# A client may send any JSON; that it is an object is for ``ledger.metadata`` to check.
JSON = NewType("JSON", dict[str, JSONValue])


_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


Parsed = TypeVar("Parsed")


def _literal(parse: Callable[[object], Parsed]) -> Callable[..., Parsed]:
    """Parses a literal in a document, so that an error says where it stands."""

    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Parsed:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parse_literal


def _parse_amount(value: object) -> str:
    # Whether it is an amount is the ledger's to say, item by item: a batch of a thousand should
    # not fail as a whole because of one.
    if not isinstance(value, str):
        raise GraphQLError('An Amount is a decimal string in major units, such as "12.30".')
    return value


def _parse_datetime(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise _not_a_datetime()
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_a_datetime() from None


def _not_a_datetime() -> GraphQLError:
    return GraphQLError(
        "A DateTime is RFC 3339 with an offset and at most six decimals, such as "
        '"2026-01-31T12:00:00Z" or "2026-01-31T13:00:00.5+01:00".'
    )


def _serialize_datetime(value: datetime) -> str:
    # In UTC already: pooled connections are set to it.
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    Amount: strawberry.scalar(
        name="Amount",
        description=(
            'An exact decimal in major units, as a string: "12.30". Answers always have the '
            "currency's number of decimals; inputs may have fewer, never more. At most 38 digits "
            "in minor units."
        ),
        parse_value=_parse_amount,
        parse_literal=_literal(_parse_amount),
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description='A whole number that may exceed 32 bits, as a string: "42".',
        serialize=str,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment as RFC 3339 with an offset. Answers are in UTC with microseconds: "
            '"2026-01-31T12:00:00.000000Z".'
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_serialize_datetime,
        parse_value=_parse_datetime,
        parse_literal=_literal(_parse_datetime),
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description=(
            "A JSON object of the application's own: at most 16 KB, 8 deep, 100 keys. Numbers are "
            "finite, whole ones within 2^53; send anything larger as a string."
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
    ),
}
