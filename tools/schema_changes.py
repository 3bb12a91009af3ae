"""What changed in the schema since the last release, and whether CHANGELOG.md says what breaks.

`python -m tools.schema_changes` prints every change that may break a client, and fails where one
that will is not named. A release copies schema.graphql over tests/schema/released.graphql.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from graphql import (
    BreakingChangeType,
    GraphQLInputObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

from tools.schema_elements import elements

ROOT: Final = Path(__file__).parent.parent
CURRENT: Final = ROOT / "schema.graphql"
RELEASED: Final = ROOT / "tests" / "schema" / "released.graphql"
CHANGELOG: Final = ROOT / "CHANGELOG.md"

# What a change is a change of, as graphql-core words it: Type.field, Type.field(argument:),
# @directive or @directive(argument:); or a type, and what it was part of.
_NAMES: Final = {
    BreakingChangeType.TYPE_REMOVED: re.compile(r"^(?:Standard scalar )?(\w+) was removed"),
    BreakingChangeType.TYPE_CHANGED_KIND: re.compile(r"^(\w+) changed from"),
    BreakingChangeType.TYPE_REMOVED_FROM_UNION: re.compile(
        r"^(\w+) was removed from union type (\w+)"
    ),
    BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED: re.compile(
        r"^(\w+) no longer implements interface (\w+)"
    ),
    BreakingChangeType.DIRECTIVE_REMOVED: re.compile(r"(@\w+) was removed"),
    BreakingChangeType.DIRECTIVE_LOCATION_REMOVED: re.compile(r"removed from (@\w+)"),
}
_COORDINATE: Final = re.compile(r"(\w+\.\w+\(\w+:\)|@\w+\(\w+:\)|\w+\.\w+|@\w+)")
_DATED: Final = re.compile(
    r"\bsince (\d{4}-\d{2}-\d{2})\b.*\bremoved after (\d{4}-\d{2}-\d{2})\b", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: what graphql-core says of it, and the names that CHANGELOG.md must have."""

    description: str
    names: tuple[str, ...]


def breaking(released: GraphQLSchema, current: GraphQLSchema, *, today: date) -> list[Change]:
    """What will break clients of the released schema.

    The removal of what was deprecated in a release, with a date that has passed, was announced:
    it is left out.
    """
    announced = {
        coordinate
        for coordinate, reason in deprecations(released)
        if (until := removed_after(reason)) is not None and until < today
    }
    found = []
    for change in find_breaking_changes(released, current):
        match = _NAMES.get(change.type, _COORDINATE).search(change.description)
        if match is None:
            raise ValueError(f"What does this change? {change.description}")
        names = match.groups()
        is_removal = change.description.endswith("was removed.")
        if not (is_removal and names[0] in announced):
            found.append(Change(description=change.description, names=names))
    return [*found, *_became_one_of(released, current)]


def dangerous(released: GraphQLSchema, current: GraphQLSchema) -> list[str]:
    """What may surprise a client, such as a new member of a union that it switches over."""
    return [change.description for change in find_dangerous_changes(released, current)]


def unnamed(changes: list[Change], changelog: str) -> list[Change]:
    """The changes that no item under "Breaking" of the unreleased changes names.

    An item names a change by all of its names, each in backticks.
    """
    items = _breaking_items(changelog)
    return [
        change
        for change in changes
        if not any(all(f"`{name}`" in item for name in change.names) for item in items)
    ]


def deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every deprecated element, as a schema coordinate, with its reason."""
    for coordinate, element in elements(schema):
        reason = getattr(element, "deprecation_reason", None)
        if reason is not None:
            yield coordinate, reason


def removed_after(reason: str) -> date | None:
    """The day until which a deprecated element stays.

    None unless the reason says "since YYYY-MM-DD … removed after YYYY-MM-DD", a later day.
    """
    dated = _DATED.search(reason)
    if dated is None:
        return None
    try:
        since, until = (date.fromisoformat(day) for day in dated.groups())
    except ValueError:
        return None
    return until if since < until else None


def main() -> int:
    """Print what changed; 1 if something breaks and CHANGELOG.md does not say so."""
    released, current = (build_schema(path.read_text()) for path in (RELEASED, CURRENT))
    breaks = breaking(released, current, today=datetime.now(UTC).date())
    missing = unnamed(breaks, CHANGELOG.read_text())
    say = sys.stdout.write
    for description in dangerous(released, current):
        say(f"may surprise clients: {description}\n")
    for change in breaks:
        say(f"breaks clients: {change.description}\n")
    for change in missing:
        names = " and ".join(f"`{name}`" for name in change.names)
        say(f'CHANGELOG.md must name {names} under "### Breaking" of "## Unreleased".\n')
    return 1 if missing else 0


def _breaking_items(changelog: str) -> list[str]:
    breaking_section = _section("### Breaking", _section("## Unreleased", changelog))
    return re.split(r"^- ", breaking_section, flags=re.MULTILINE)[1:]


def _section(heading: str, text: str) -> str:
    """What is under a heading, up to the next of its level; nothing if there is none."""
    level = heading.partition(" ")[0]
    pattern = rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)"
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _became_one_of(released: GraphQLSchema, current: GraphQLSchema) -> Iterator[Change]:
    # graphql-core does not look at it.
    for name, old in released.type_map.items():
        new = current.type_map.get(name)
        if (
            isinstance(old, GraphQLInputObjectType)
            and isinstance(new, GraphQLInputObjectType)
            and new.is_one_of
            and not old.is_one_of
        ):
            yield Change(description=f"{name} takes only one of its fields.", names=(name,))


if __name__ == "__main__":
    sys.exit(main())
