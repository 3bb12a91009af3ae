"""A change that breaks clients is named in CHANGELOG.md; what is to go says when."""

from datetime import UTC, date, datetime
from typing import Final

import pytest
from graphql import BreakingChangeType, build_schema, find_breaking_changes

from schema import build
from tools import schema_changes
from tools.schema_changes import CHANGELOG, RELEASED, breaking, dangerous, removed_after, unnamed

TODAY: Final = date(2026, 6, 1)
BEFORE: Final = """
    directive @once(label: String, level: Int) repeatable on FIELD | QUERY
    interface Named { name: String }
    type Account implements Named { name: String code(short: Boolean): String! limit: Int }
    type User { name: String }
    union Owner = Account | User
    enum State { OPEN CLOSED }
    input Filter { state: State code: String }
    scalar Amount
    scalar Spare
    type Query { owner(filter: Filter): Owner amount: Amount state: State }
"""

# Each kind of breaking change: what is put in the place of what, and what has to be named.
BREAKING: Final = {
    "TYPE_REMOVED": ("scalar Spare", "", ("Spare",)),
    "TYPE_CHANGED_KIND": ("scalar Amount", "enum Amount { ONE }", ("Amount",)),
    "TYPE_REMOVED_FROM_UNION": ("Owner = Account | User", "Owner = Account", ("User", "Owner")),
    "VALUE_REMOVED_FROM_ENUM": ("OPEN CLOSED", "OPEN", ("State.CLOSED",)),
    "REQUIRED_INPUT_FIELD_ADDED": ("state: State c", "new: Int! state: State c", ("Filter.new",)),
    "IMPLEMENTED_INTERFACE_REMOVED": (" implements Named", "", ("Account", "Named")),
    "FIELD_REMOVED": ("limit: Int", "", ("Account.limit",)),
    "FIELD_CHANGED_KIND": ("String! limit", "String limit", ("Account.code",)),
    "REQUIRED_ARG_ADDED": ("(short", "(new: Int! short", ("Account.code(new:)",)),
    "ARG_REMOVED": ("(short: Boolean)", "", ("Account.code(short:)",)),
    "ARG_CHANGED_KIND": ("short: Boolean", "short: Int", ("Account.code(short:)",)),
    "DIRECTIVE_REMOVED": ("directive @once", "directive @twice", ("@once",)),
    "DIRECTIVE_ARG_REMOVED": (", level: Int", "", ("@once(level:)",)),
    "REQUIRED_DIRECTIVE_ARG_ADDED": ("level: Int", "level: Int new: Int!", ("@once(new:)",)),
    "DIRECTIVE_REPEATABLE_REMOVED": (" repeatable", "", ("@once",)),
    "DIRECTIVE_LOCATION_REMOVED": (" | QUERY", "", ("@once",)),
}


@pytest.mark.parametrize("kind", BreakingChangeType, ids=lambda kind: kind.name)
def test_every_kind_of_breaking_change_is_found_and_has_to_be_named(
    kind: BreakingChangeType,
) -> None:
    old, new, names = BREAKING[kind.name]
    before, after = build_schema(BEFORE), build_schema(BEFORE.replace(old, new, 1))
    assert [change.type for change in find_breaking_changes(before, after)] == [kind]
    changes = breaking(before, after, today=TODAY)
    assert [change.names for change in changes] == [names]
    assert unnamed(changes, changelog("- Something else.")) == changes
    assert unnamed(changes, changelog(f"- {' of '.join(f'`{name}`' for name in names)} …")) == []


def test_an_input_that_comes_to_take_only_one_of_its_fields_breaks_clients() -> None:
    before = build_schema(BEFORE)
    after = build_schema(BEFORE.replace("input Filter", "input Filter @oneOf"))
    assert [change.names for change in breaking(before, after, today=TODAY)] == [("Filter",)]
    assert breaking(after, before, today=TODAY) == []


def test_what_may_surprise_clients_is_told_and_needs_no_word() -> None:
    before = build_schema(BEFORE)
    after = build_schema(BEFORE.replace("OPEN CLOSED", "OPEN CLOSED FROZEN"))
    assert breaking(before, after, today=TODAY) == []
    assert dangerous(before, after) == ["Enum value State.FROZEN was added."]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "## Unreleased\n### Changed\n- `Account.limit` is gone.\n",
        "## Unreleased\n### Breaking\n- `Account.limits` is gone.\n",
        "## Unreleased\n### Breaking\n- Account.limit is gone.\n",
        "## Unreleased\n### Breaking\n- Some.\n### Fixed\n- `Account.limit` is gone.\n",
        "## Unreleased\n\n## 0.1.0\n### Breaking\n- `Account.limit` is gone.\n",
    ],
)
def test_a_breaking_change_is_named_among_the_unreleased_ones_or_it_is_not(text: str) -> None:
    before, after = build_schema(BEFORE), build_schema(BEFORE.replace("limit: Int", ""))
    changes = breaking(before, after, today=TODAY)
    assert unnamed(changes, text) == changes
    assert unnamed(changes, changelog("- `Account.limit` is gone.")) == []


DEPRECATED: Final = """
    enum State { OPEN CLOSED @deprecated(reason: "%s") }
    input Filter { code: String state: State @deprecated(reason: "%s") }
    type Account { code(short: Boolean @deprecated(reason: "%s")): Int limit: Int
        @deprecated(reason: "%s") }
    type Query { account(filter: Filter): Account state: State }
"""
CLEARED: Final = """
    enum State { OPEN }
    input Filter { code: String }
    type Account { code: Int }
    type Query { account(filter: Filter): Account state: State }
"""


@pytest.mark.parametrize(
    ("reason", "broken"),
    [
        ("Unused since 2026-01-01; removed after 2026-05-31.", 0),
        ("Unused since 2026-01-01; removed after 2026-06-01.", 4),
        ("Unused.", 4),
    ],
)
def test_what_was_deprecated_breaks_clients_unless_its_day_has_passed(
    reason: str, broken: int
) -> None:
    deprecated = build_schema(DEPRECATED.replace("%s", reason))
    assert len(breaking(deprecated, build_schema(CLEARED), today=TODAY)) == broken


@pytest.mark.parametrize(
    ("reason", "until"),
    [
        ("Use `code`. Deprecated since 2026-01-31; removed after 2026-07-31.", date(2026, 7, 31)),
        ("since 2026-01-31, removed after 2026-02-01", date(2026, 2, 1)),
        ("Use `code`.", None),
        ("No longer supported", None),
        ("Deprecated since 2026-01-31.", None),
        ("Removed after 2026-07-31.", None),
        ("since 2026-01-31, removed after 2026-01-31", None),
        ("since 2026-02-30, removed after 2026-07-31", None),
        ("since 31.1.2026, removed after 31.7.2026", None),
    ],
)
def test_a_deprecation_says_since_when_and_until_when(reason: str, until: date | None) -> None:
    assert removed_after(reason) == until


def test_every_kind_of_element_that_can_be_deprecated_is_looked_at() -> None:
    schema = build_schema("""
        directive @d(a: Int @deprecated) on FIELD
        enum State { OPEN CLOSED @deprecated }
        input Filter { state: State @deprecated }
        interface Named { name(short: Boolean @deprecated): String @deprecated }
        type Query { a(filter: Filter @deprecated): State @deprecated }
    """)
    assert {coordinate for coordinate, _ in schema_changes.deprecations(schema)} == {
        *("@d(a:)", "State.CLOSED", "Filter.state", "Named.name", "Named.name(short:)"),
        *("Query.a", "Query.a(filter:)"),
    }


def test_every_deprecation_in_the_schema_says_since_when_and_until_when() -> None:
    deprecated = schema_changes.deprecations(build.GRAPHQL_SCHEMA)
    assert [name for name, reason in deprecated if removed_after(reason) is None] == []


def test_every_breaking_change_since_the_last_release_is_in_the_changelog() -> None:
    released = build_schema(RELEASED.read_text())
    changes = breaking(released, build.GRAPHQL_SCHEMA, today=datetime.now(UTC).date())
    assert unnamed(changes, CHANGELOG.read_text()) == []


def changelog(item: str) -> str:
    return f"# Changelog\n\n## Unreleased\n\n### Breaking\n{item}\n\n## 0.1.0\n- Begun.\n"
