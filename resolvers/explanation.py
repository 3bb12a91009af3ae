"""What a request read, field by field: for whoever asked to have it explained, at no others' cost.

Which field asks is noted while its resolver runs, and goes with the load to the statement that
answers it: one statement for all the fields that a batch is loaded for.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

import msgspec
from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

from db import explain
from db.explain import Read
from db.statements import Connection

# Each is run a second time to be explained, and its plan takes some kilobytes. Requests whose
# statements depend on their shape alone rarely have as many.
PLANS_MAX: Final = 50

# Names as the response has them, from the root: accounts, nodes, owner.
FieldPath: TypeAlias = tuple[str, ...]

_field: ContextVar[FieldPath] = ContextVar("field", default=())
_fields: ContextVar[Sequence[FieldPath]] = ContextVar("fields", default=())


class FieldRead(msgspec.Struct, frozen=True, gc=False):
    """A statement, and the fields that needed it, in the order in which they asked."""

    paths: Sequence[FieldPath]
    read: Read


class Explanation:
    """Collects what one request reads."""

    def __init__(self) -> None:
        self.reads: list[FieldRead] = []
        self._plans = 0

    def resolve(
        self,
        next_: Callable[..., Any],
        source: object,
        info: GraphQLResolveInfo[Any],
        **arguments: object,
    ) -> Any:  # noqa: ANN401 - whatever the field resolves to
        """Graphql-core's middleware: a field's resolver, with its path noted meanwhile."""
        path = _names(info.path)
        token = _field.set(path)
        try:
            result = next_(source, info, **arguments)
        finally:
            _field.reset(token)
        return _noted(result, path) if inspect.iscoroutine(result) else result

    @contextmanager
    def reading(self, conn: Connection) -> Iterator[Connection]:
        """The connection, its reads noted under the fields that ``on_behalf_of`` named."""
        with explain.explaining(conn, self._note, wants_plan=self._wants_plan) as explained:
            yield explained

    def _note(self, read: Read) -> None:
        self.reads.append(FieldRead(list(_fields.get()), read))

    def _wants_plan(self) -> bool:
        self._plans += 1
        return self._plans <= PLANS_MAX


def asking() -> FieldPath:
    """The field whose resolver is running; nothing unless the request is explained."""
    return _field.get()


def on_behalf_of(fields: Sequence[FieldPath]) -> None:
    """Note whom the reads of this task are for, from now on."""
    _fields.set(fields)


async def _noted(result: Any, path: FieldPath) -> Any:  # noqa: ANN401
    token = _field.set(path)
    try:
        return await result
    finally:
        _field.reset(token)


def _names(path: Path) -> FieldPath:
    return tuple(key for key in path.as_list() if isinstance(key, str))
