"""Connections as Relay specifies them, and the arguments that all of them take."""

from typing import Annotated, Generic, TypeVar

import strawberry

from resolvers import pages
from schema.nodes import answered_for_all
from schema.unset import or_none

NodeType = TypeVar("NodeType")

First = Annotated[
    int | None,
    strawberry.argument(description="How many from the start: 0 to 1000, 50 unless told."),
]
After = Annotated[
    str | None, strawberry.argument(description="Only what comes after this cursor of the list.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many from the end, instead of `first`: 0 to 1000."),
]
Before = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor of the list.")
]


def page_arguments(
    first: int | None, after: str | None, last: int | None, before: str | None
) -> pages.PageArguments:
    """The four arguments as the resolvers take them."""
    return pages.PageArguments(or_none(first), or_none(after), or_none(last), or_none(before))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Answered from the page itself."""

    has_next_page: bool = strawberry.field(description="Whether rows follow the last of this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether rows precede the first of this page."
    )
    start_cursor: str | None = strawberry.field(description="The first row's; null if empty.")
    end_cursor: str | None = strawberry.field(description="The last row's; null if empty.")


@strawberry.type(description="A row and its place in the list.")
class Edge(Generic[NodeType]):
    """Answered from ``resolvers.pages.Edge``."""

    node: NodeType = strawberry.field(description="The row.")
    cursor: str = strawberry.field(
        description="Opaque; good as `after` or `before` of this list with this filter."
    )


@strawberry.type(description="A page of a list, in the list's order.")
class Connection(Generic[NodeType]):
    """Answered from ``resolvers.pages.Page``."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="What precedes and what follows.")
    total_count: int = answered_for_all(
        pages.total_counts,
        "How many rows the whole list has. Counted only when asked for; on long lists "
        "that takes a while.",
    )
