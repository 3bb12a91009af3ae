"""Fixtures of the tests of the database: logins that own, and logins that only serve."""

from collections.abc import Iterator

import pytest

from tests import debians
from tests.two_logins import DATABASE, TwoLogins, started


@pytest.fixture(scope="session", params=["embedded", "Debian's"])
def password_server(request: pytest.FixtureRequest) -> Iterator[TwoLogins]:
    """Roles were given options in 16: both sides of it."""
    is_debians = request.param == "Debian's"
    if is_debians and debians.IS_MISSING:
        pytest.skip(debians.WHY_SKIPPED)
    with started(debians.BINARIES if is_debians else None) as running:
        yield running


@pytest.fixture
def logins(password_server: TwoLogins) -> Iterator[TwoLogins]:
    """An empty database, its owner, and a login that nothing is known of."""
    password_server.administer(
        "CREATE ROLE florin_owner LOGIN PASSWORD 'florin_owner''s' CREATEROLE",
        "CREATE ROLE florin_web LOGIN PASSWORD 'florin_web''s'",
        f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' OWNER florin_owner",
    )
    try:
        yield password_server
    finally:
        password_server.administer(
            f"DROP DATABASE {DATABASE} WITH (FORCE)",
            "DROP ROLE IF EXISTS florin_web, florin_owner, florin_app, florin_search, other",
        )
