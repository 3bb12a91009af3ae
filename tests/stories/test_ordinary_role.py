"""A login that is no superuser: it migrates once, and serves as a role that only adds."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db import setup
from db.migrations import APP_ROLE, SEARCH_ROLE
from server import doctor
from tests.api import serving
from tests.server.test_doctor import examined


@pytest.fixture
def ordinary_url(server_url: str, empty_database_url: str) -> Iterator[str]:
    """A database owned by a fresh login that may create roles, and nothing else."""
    database = conninfo_to_dict(empty_database_url)["dbname"]
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE florin_test_owner LOGIN CREATEROLE PASSWORD 'x'")
        try:
            # Before 16 whoever may create roles may grant any; from 16 on, those it administers.
            for role in (APP_ROLE, SEARCH_ROLE):
                admin.execute(
                    f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN"
                    f" GRANT {role} TO florin_test_owner WITH ADMIN OPTION; END IF; END $$".encode()
                )
            admin.execute(f'ALTER DATABASE "{database}" OWNER TO florin_test_owner'.encode())
            yield make_conninfo(empty_database_url, user="florin_test_owner", password="x")  # noqa: S106
        finally:
            admin.execute(f'ALTER DATABASE "{database}" OWNER TO CURRENT_USER'.encode())
            with psycopg.connect(empty_database_url, autocommit=True) as conn:
                conn.execute("DROP OWNED BY florin_test_owner CASCADE")
            admin.execute("DROP ROLE florin_test_owner")


async def test_an_ordinary_login_migrates_passes_the_doctor_and_serves(
    ordinary_url: str,
) -> None:
    setup.prepare(ordinary_url)
    checks = await examined(ordinary_url)
    assert doctor.failed(list(checks.values())) == []
    async with serving(ordinary_url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        posted = await api.post("k", ("cash", "wallet", "1.00"))
        assert posted["__typename"] == "PostTransactionSuccess"


async def test_a_login_without_the_role_is_found_by_the_doctor(
    server_url: str, database_url: str
) -> None:
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE florin_test_stranger LOGIN PASSWORD 'x'")
        try:
            with psycopg.connect(database_url) as conn:
                conn.execute("GRANT USAGE ON SCHEMA florin TO florin_test_stranger")
                conn.execute("GRANT SELECT ON florin.alembic_version TO florin_test_stranger")
            checks = await examined(
                make_conninfo(database_url, user="florin_test_stranger", password="x")  # noqa: S106
            )
            assert checks["role"].state == "failed"
            assert "GRANT florin_app" in checks["role"].remedy
        finally:
            with psycopg.connect(database_url) as conn:
                conn.execute("DROP OWNED BY florin_test_stranger")
            admin.execute("DROP ROLE florin_test_stranger")
