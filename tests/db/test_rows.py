"""Every statement's columns are its row's fields, in order: rows are read by position."""

from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.rows import args_row

from db import statements
from tests.api import serving
from tests.everything import walk

Made = Callable[[Any], Callable[..., Any]]


async def test_every_statement_answers_in_the_order_of_its_rows_fields(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def checked_row(row: type[Any]) -> Made:
        def factory(cursor: psycopg.AsyncCursor[Any]) -> Callable[..., Any]:
            columns = tuple(column.name for column in cursor.description or ())
            if columns and issubclass(row, msgspec.Struct):
                fields = row.__struct_fields__
                # Sums and counts have names of their own: position and number must do.
                unnamed = {"sum", "count"} & set(columns)
                assert len(columns) == len(fields)
                assert unnamed or columns == fields, row
                seen.add(row.__name__)
            return args_row(row)(cursor)

        return factory

    monkeypatch.setattr(statements, "args_row", checked_row)
    async with serving(database_url) as api:
        await walk(api)
    assert seen >= {"User", "Account", "Currency", "Transaction", "Posting", "Entry", "Ledger"}
