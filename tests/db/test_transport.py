"""What is asked of a database's certificate, held against real servers with TLS and without."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from db import conninfo
from server import doctor, migrating
from server.doctor import Check
from server.migrating import CannotMigrateError
from server.settings import Settings
from tests import debians
from tests.certificates import Authority
from tests.faults import databases
from tests.faults.databases import Postgres

# The embedded server knows no TLS.
pytestmark = pytest.mark.skipif(debians.IS_MISSING, reason=debians.WHY_SKIPPED)

TRUSTED, OTHER = Authority("Trusted"), Authority("Other")


def own_address() -> str:
    """An address that leads to this machine and is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            # Without a network, this one leads here as well.
            return "0.0.0.0"  # noqa: S104 - then nobody else is there
        return str(probe.getsockname()[0])


@contextmanager
def server(authority: Authority | None, *names: str) -> Iterator[Postgres]:
    """A server at this machine's own address, with a certificate for these names."""
    with databases.folder() as place:
        running = Postgres(place / "server", host=own_address())
        with debians.used():
            running.initialise({"fsync": "off"})
            # From here only: the network is there for everybody.
            rules = f"local all all trust\nhost all all {running.host}/32 trust\n"
            (running.data / "pg_hba.conf").write_text(rules)
            if authority is not None:
                authority.issue(running.data, *names)
                running.configure({"ssl": "on"})
                (running.data / "server.key").chmod(0o600)
                for name in ("server.crt", "server.key"):
                    databases.own(running.data / name)
            running.start()
        try:
            yield running
        finally:
            with debians.used():
                running.close()


@pytest.fixture(scope="module")
def tls() -> Iterator[Postgres]:
    with server(TRUSTED, "db.example.com", own_address()) as running:
        yield running


@pytest.fixture(scope="module")
def plain() -> Iterator[Postgres]:
    with server(None) as running:
        yield running


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The system's authorities are one, and nothing else is configured."""
    for name in ("SSLMODE", "SSLROOTCERT"):
        monkeypatch.delenv(f"PG{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    bundle = TRUSTED.write(tmp_path / "bundle.crt")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    return bundle


def to(running: Postgres, **parameters: str) -> str:
    """As an operator would write it: nothing about TLS."""
    given = {"host": running.host} | parameters
    return make_conninfo(port=running.port, user="postgres", dbname="postgres", **given)


def connects(text: str) -> bool:
    """Whether the connection is one over TLS; raises where there is none."""
    with psycopg.connect(conninfo.verified(text), connect_timeout=5) as conn:
        return conn.pgconn.ssl_in_use


async def examined(text: str) -> dict[str, Check]:
    checks = await doctor.examine(Settings(database_url=SecretStr(text)))
    return {check.name: check for check in checks}


def test_a_server_with_a_certificate_of_the_systems_authorities_is_believed(tls: Postgres) -> None:
    assert connects(to(tls))
    # By name, wherever that leads.
    assert connects(to(tls, host="db.example.com", hostaddr=tls.host))


async def test_the_doctor_says_that_it_is_verified(tls: Postgres) -> None:
    checks = await examined(to(tls))
    assert (checks["server"].state, checks["transport"].state) == ("ok", "ok")
    assert "verified" in checks["transport"].finding


@pytest.mark.parametrize("how", ["system", "named", "PGSSLROOTCERT"])
async def test_another_authority_is_not_believed_until_it_is_named(
    tls: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: Path, how: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(OTHER.write(tmp_path / "other.crt")))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connects(to(tls))
    checks = await examined(to(tls))
    assert checks["server"].state == "failed"
    assert "sslrootcert=" in checks["server"].remedy
    assert tls.host in checks["server"].remedy
    if how == "system":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert connects(to(tls))
    elif how == "named":
        assert connects(to(tls, sslrootcert=str(trusted)))
    else:
        monkeypatch.setenv("PGSSLROOTCERT", str(trusted))
        assert connects(to(tls))


def test_a_migration_that_cannot_trust_its_server_says_what_to_do(plain: Postgres) -> None:
    settings = Settings(database_url=SecretStr(to(plain)))
    with pytest.raises(CannotMigrateError) as refused:
        migrating.migrate(settings)
    assert "does not support SSL" in str(refused.value)
    assert "sslmode=disable" in str(refused.value)


async def test_a_certificate_for_another_name_is_not_believed(tls: Postgres) -> None:
    other = to(tls, host="other.example.com", hostaddr=tls.host)
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connects(other)
    remedy = (await examined(other))["server"].remedy
    assert "other.example.com" in remedy
    assert "hostaddr" in remedy


async def test_a_server_without_tls_is_refused_until_it_is_asked_for(plain: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        connects(to(plain))
    remedy = (await examined(to(plain)))["server"].remedy
    assert plain.host in remedy
    assert "sslmode=disable" in remedy
    assert not connects(to(plain, sslmode="disable"))


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca"])
async def test_the_doctor_notes_what_is_not_verified(
    tls: Postgres, trusted: Path, mode: str
) -> None:
    text = to(tls, sslmode=mode, sslrootcert=str(trusted))
    assert connects(text) == (mode != "disable")
    check = (await examined(text))["transport"]
    assert check.state == "note"
    assert f"sslmode={mode}" in check.finding
    assert "anybody in between can read and change" in check.finding


async def test_an_address_without_a_host_is_not_enough_to_verify(tls: Postgres) -> None:
    """PostgreSQL's library wants a host to compare with, which may be the address again."""
    text = make_conninfo(hostaddr=tls.host, port=tls.port, user="postgres", dbname="postgres")
    with pytest.raises(psycopg.OperationalError, match="host name must be specified"):
        connects(text)
    assert "name that the certificate" in (await examined(text))["server"].remedy
