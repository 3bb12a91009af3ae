"""Connection strings: what leaves the machine is verified unless the string says otherwise."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from db import conninfo
from db.conninfo import ConninfoError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own: no variables, no service file, no certificates at home."""
    for name in ("HOST", "HOSTADDR", "SSLMODE", "SSLROOTCERT", "SERVICE", "SERVICEFILE", "USER"):
        monkeypatch.delenv(f"PG{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))


def verified(text: str) -> dict[str, object]:
    return dict(conninfo_to_dict(conninfo.verified(text)))


ELSEWHERE = [
    "postgresql://u:p@db.example.com/florin",
    "postgres://db.example.com",
    "postgresql://u@10.0.0.1:6432/florin?application_name=x",
    "postgresql://[2001:db8::1]/florin",
    "postgresql://db/florin",
    "host=db.example.com dbname=florin",
    "host=0.0.0.0",
    "host=LOCALHOST.example.com",
    "host=127.0.0.1.example.com",
    "host=db.localhost",
    # The library would take these for loopback addresses. To be verified once too often is safe.
    "host=127.1",
    "host=2130706433",
    "host=0x7f.1",
    "hostaddr=10.0.0.1",
    "host=localhost hostaddr=10.0.0.1",
    "host=/tmp hostaddr=10.0.0.1",
    # One of several is enough.
    "postgresql://localhost,db.example.com/florin",
    "postgresql://db.example.com,localhost/florin",
    "host=/tmp,db.example.com",
    "host=a,b hostaddr=127.0.0.1,10.0.0.1",
    "host=localhost,db.example.com hostaddr=,",
    "host=db.example.com sslmode=verify-full",
    "host=db.example.com sslrootcert=system",
]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_another_machine_is_verified_by_the_systems_authorities(text: str, tmp_path: Path) -> None:
    found = verified(text)
    assert found["sslmode"] == "verify-full"
    assert found["sslrootcert"] == str(tmp_path / "bundle.crt")
    # All else is as it was.
    ours = {"sslmode": found["sslmode"], "sslrootcert": found["sslrootcert"]}
    assert found == conninfo_to_dict(text) | ours
    # What it says then is said once and for all.
    assert conninfo_to_dict(conninfo.verified(conninfo.verified(text))) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql://",
        "postgresql:///florin",
        "dbname=florin",
        "host=/var/run/postgresql",
        "host=@abstract",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/florin",
        "postgresql:///florin?host=/tmp",
        "postgresql://localhost/florin",
        "host=LocalHost",
        "postgresql://127.0.0.1:5432/florin",
        "postgresql://127.9.9.9/florin",
        "postgresql://[::1]/florin",
        "host=/tmp,localhost,127.0.0.1",
        # A tunnel: the name is only what the certificate would be compared with.
        "host=db.example.com hostaddr=127.0.0.1",
    ],
)
def test_this_machine_is_left_as_it_is(text: str) -> None:
    assert conninfo.verified(text) == text
    assert conninfo.transport(text).is_verified


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_a_weaker_mode_that_is_asked_for_is_kept_and_can_be_told(mode: str) -> None:
    for text in (
        f"postgresql://db.example.com/florin?sslmode={mode}",
        f"host=db.example.com sslmode={mode}",
    ):
        assert conninfo.verified(text) == text
        way = conninfo.transport(conninfo.verified(text))
        assert (way.hosts, way.mode, way.is_verified) == (("db.example.com",), mode, False)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_the_environment_may_ask_for_it_too(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("PGSSLMODE", mode)
    assert conninfo.verified("host=db.example.com") == "host=db.example.com"
    assert conninfo.transport("host=db.example.com").mode == mode


def test_an_environment_that_asks_for_nothing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "")
    assert verified("host=db.example.com")["sslmode"] == "verify-full"


def test_the_environment_may_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR"):
        with monkeypatch.context() as environment:
            environment.setenv(name, "10.0.0.1")
            for text in ("", "postgresql:///florin", "dbname=florin"):
                assert verified(text)["sslmode"] == "verify-full"


def test_the_environment_may_name_the_root_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/our/root.crt")
    assert verified("host=db.example.com")["sslrootcert"] == "/etc/our/root.crt"


def test_a_root_certificate_of_its_own_is_kept(tmp_path: Path) -> None:
    found = verified("host=db.example.com sslrootcert=/etc/our/root.crt")
    assert found["sslrootcert"] == "/etc/our/root.crt"
    assert found["sslmode"] == "verify-full"
    # The file that PostgreSQL's library takes by itself is one, too.
    own = tmp_path / ".postgresql"
    own.mkdir()
    (own / "root.crt").write_text("")
    assert verified("host=db.example.com")["sslmode"] == "verify-full"
    assert "sslrootcert" not in verified("host=db.example.com")


def test_a_service_may_say_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    services = tmp_path / "services.conf"
    services.write_text(
        "[plain]\nhost=db.example.com\nuser=u\n\n"
        "[weak]\nhost=db.example.com\nsslmode=require\n\n"
        "[rooted]\nhost=db.example.com\nsslrootcert=/etc/our/root.crt\n\n"
        "[here]\nhost=localhost\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert verified("service=plain")["sslmode"] == "verify-full"
    assert conninfo.login("service=plain") == "u"
    assert conninfo.verified("service=weak") == "service=weak"
    assert verified("service=rooted")["sslrootcert"] == "/etc/our/root.crt"
    assert conninfo.verified("service=here") == "service=here"
    assert conninfo.verified("service=plain host=/tmp") == "service=plain host=/tmp"
    monkeypatch.setenv("PGSERVICE", "plain")
    assert verified("dbname=florin")["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:hunter2@[db/florin",
        "postgresql://u:hunter2@db/florin?hunter2=x",
        "postgresql://u:hunter2%zz@db/florin",
        "host=db password='hunter2",
        "hunter2",
        "mysql://u:hunter2@db/florin",
        "service=hunter2",
        "host=db password=hunter2 service=not-there",
    ],
)
def test_what_cannot_be_used_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConninfoError) as refused:
        conninfo.verified(text)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_nothing_is_connected_or_looked_up_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read in an instant, wherever the database is, or where it is not."""
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    for text in ("host=198.51.100.1", "host=no.such.host.invalid", "host=/not/there"):
        assert conninfo.transport(text).hosts in {(), (text.removeprefix("host="),)}
