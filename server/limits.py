"""How much a document may hold, counted in one pass before anything slower looks at it.

Each definition is walked once, without recursion, and fragments are then added up in an order in
which each is known before it is needed: so a document whose fragments double fifty times costs no
more than its length. What validation then sees is bounded, whatever the document.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from execution import VARIANTS_MAX
from server.limit_settings import LimitSettings

# Doubling makes numbers of any length; beyond this it makes no difference.
_COUNTED_MAX: Final = 1_000_000


class Counts(NamedTuple):
    """What a definition holds, its fragments counted wherever they are spread."""

    depth: int = 0
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0


class _Spread(NamedTuple):
    name: str
    depth: int


class _Walked(NamedTuple):
    own: Counts
    spreads: list[_Spread]


# What is counted, as messages name it; its setting; and what to do about it.
_REMEDIES: Final = {
    "depth": ("fields inside each other", "Ask for what lies deeper by its id."),
    "selections": ("fields and fragments", "Ask for less in one document."),
    "aliases": ("aliases", "Ask for many rows by a list, or send several requests."),
    "directives": ("directives", "Send a document without what is not asked for."),
    "root_fields": ("fields at the root", "Send several requests."),
    "definitions": ("operations and fragments", "Send only what is run."),
    "tokens": ("tokens", "Send data in variables, and ask for less in one document."),
    "length": ("characters", "Send data in variables."),
}


def exceeded(document: DocumentNode, limits: LimitSettings) -> list[GraphQLError]:
    """A refusal for each limit that the parsed document exceeds."""
    held = {"definitions": len(document.definitions)}
    for counts in chain(*_counted(document)):
        for name, count in counts._asdict().items():
            held[name] = max(count, held.get(name, 0))
    return [
        refusal(name, count, allowed)
        for name, count in held.items()
        if count > (allowed := getattr(limits, f"document_{name}_max"))
    ]


def compiled_max(document: DocumentNode) -> int:
    """How many fields and fragments the plans of a document within the limits may come to.

    Where directives decide, each operation may have several variants (``execution.VARIANTS_MAX``).
    """
    _, operations = _counted(document)
    return sum(
        counts.selections * (VARIANTS_MAX if counts.directives else 1) for counts in operations
    )


def refusal(name: str, count: int | None, allowed: int) -> GraphQLError:
    """One limit's refusal; where counting was given up at the limit, the count is None."""
    noun, remedy = _REMEDIES[name]
    if count is None:
        held = f"more than {allowed} {noun}"
    else:
        held = f"{count}{' or more' if count >= _COUNTED_MAX else ''} {noun}"
    return GraphQLError(
        f"The document has {held}; at most {allowed} are answered "
        f"(FLORIN_DOCUMENT_{name.upper()}_MAX). {remedy}",
        extensions={"code": "LIMIT_EXCEEDED", "limit": name, "allowed": allowed},
    )


def _counted(document: DocumentNode) -> tuple[list[Counts], list[Counts]]:
    """The counts of each fragment and of each operation."""
    walked: dict[str, _Walked] = {}
    operations: list[_Walked] = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            walked[definition.name.value] = _walked(definition)
        elif isinstance(definition, OperationDefinitionNode):
            operations.append(_walked(definition))
    known: dict[str, Counts] = {}
    for name in _innermost_first(walked):
        known[name] = _added_up(walked[name], known)
    return list(known.values()), [_added_up(operation, known) for operation in operations]


def _walked(definition: FragmentDefinitionNode | OperationDefinitionNode) -> _Walked:
    selections = aliases = depth_max = root_fields = 0
    directives = len(definition.directives or ()) + sum(
        len(variable.directives or ()) for variable in definition.variable_definitions or ()
    )
    spreads: list[_Spread] = []
    waiting: list[tuple[SelectionSetNode, int]] = [(definition.selection_set, 0)]
    while waiting:
        selection_set, depth = waiting.pop()
        selections += len(selection_set.selections)
        for selection in selection_set.selections:
            directives += len(selection.directives or ())
            if isinstance(selection, FragmentSpreadNode):
                spreads.append(_Spread(selection.name.value, depth))
                continue
            inner = depth
            if isinstance(selection, FieldNode):
                inner += 1
                depth_max = max(depth_max, inner)
                aliases += selection.alias is not None
                root_fields += depth == 0
            nested: SelectionSetNode | None = selection.selection_set  # type: ignore[attr-defined]  # fields and inline fragments alike
            if nested is not None:
                waiting.append((nested, inner))
    return _Walked(Counts(depth_max, selections, aliases, directives, root_fields), spreads)


def _innermost_first(walked: Mapping[str, _Walked]) -> Iterator[str]:
    """The fragments, each after those that it spreads; circles are left to validation."""
    seen: set[str] = set()
    for root in walked:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(walked[root].spreads))]
        while path:
            name, spreads = path[-1]
            for spread in spreads:
                if spread.name in walked and spread.name not in seen:
                    seen.add(spread.name)
                    path.append((spread.name, iter(walked[spread.name].spreads)))
                    break
            else:
                path.pop()
                yield name


def _added_up(walked: _Walked, known: Mapping[str, Counts]) -> Counts:
    depth, selections, aliases, directives, root_fields = walked.own
    for spread in walked.spreads:
        inner = known.get(spread.name, Counts())
        depth = max(depth, spread.depth + inner.depth)
        selections += inner.selections
        aliases += inner.aliases
        directives += inner.directives
        if spread.depth == 0:
            root_fields += inner.root_fields
    return Counts(
        depth, *(min(n, _COUNTED_MAX) for n in (selections, aliases, directives, root_fields))
    )
