"""Connection strings: to another machine, TLS is verified unless the string says otherwise.

PostgreSQL's own default takes what the server offers and believes anybody. Here a string that names
a host elsewhere and no ``sslmode`` gets ``verify-full``, and the system's root certificates where
none are configured. What it says itself, or its service, or the environment (PGSSLMODE), holds.
"""

import ipaddress
import os
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# PostgreSQL's default, which cannot be told from its being asked for in a service's file.
_DEFAULT: Final = "prefer"
_VERIFY: Final = "verify-full"
_SYSTEM: Final = "system"
# Where systems keep the certificates of public authorities, in one file. `system` alone is not
# enough: the library that comes with psycopg looks for them where no system has them.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# No connection is begun with it: the library reads a string, its service and the environment, and
# then gives up before it has looked up any host.
_UNREACHABLE: Final = {"target_session_attrs": "none"}


class ConninfoError(ValueError):
    """Why a string cannot be used; never has any of it, for there may be a password in it."""


class Transport(msgspec.Struct, frozen=True):
    """How connections are protected on their way.

    ``hosts`` are those that are not on this machine: names, or else addresses. ``root_certificate``
    is a file, ``system``, or empty where none is configured.
    """

    hosts: tuple[str, ...]
    mode: str
    root_certificate: str

    @property
    def is_verified(self) -> bool:
        """Whether nobody in between can read along or answer in the server's place."""
        return not self.hosts or self.mode == _VERIFY


def verified(conninfo: str) -> str:
    """The string with what makes its connections to other machines safe.

    Raises ConninfoError where it is no connection string or its service is not defined.
    """
    way = transport(conninfo)
    if not way.hosts:
        return conninfo
    asked = _given(conninfo).get("sslmode") or os.environ.get("PGSSLMODE")
    mode = way.mode if asked or way.mode not in {"", _DEFAULT} else _VERIFY
    if mode != _VERIFY:
        return conninfo
    root = way.root_certificate
    if root == _SYSTEM or not (root or _has_root_of_its_own()):
        root = _system_bundle()
    added = {"sslmode": mode} | ({"sslrootcert": root} if root else {})
    return make_conninfo(conninfo, **added)


def transport(conninfo: str) -> Transport:
    """How connections of this string are protected. Raises ConninfoError like ``verified``."""
    found = _resolved(conninfo)
    names, addresses = found["host"].split(","), found["hostaddr"].split(",")
    count = max(len(names), len(addresses))
    pairs = zip(_filled(names, count), _filled(addresses, count), strict=True)
    return Transport(
        hosts=tuple(name or address for name, address in pairs if not _is_local(address or name)),
        mode=found["sslmode"],
        root_certificate=found["sslrootcert"],
    )


def login(conninfo: str) -> str:
    """As which role it logs in. Raises ConninfoError like ``verified``."""
    return _resolved(conninfo)["user"]


def remedy(error: str, conninfo: str) -> str | None:
    """What to do about an error of a connection's TLS; None where it is about something else."""
    way = transport(conninfo)
    host = ", ".join(way.hosts)
    if "server does not support SSL" in error:
        return (
            f"{host} offers no TLS, which connections to other machines want. Switch it on there "
            "(ssl = on, and a certificate). Where everything in between is to be trusted, say "
            "sslmode=disable in its URL."
        )
    if "certificate verify failed" in error:
        return (
            f"No authority in {way.root_certificate or 'the root certificates'} issued the "
            f"certificate of {host}. Name the file with the root certificate of whoever runs it in "
            "its URL: sslrootcert=/path/to/ca.crt"
        )
    if "does not match host name" in error or "host name must be specified" in error:
        return (
            f"Connect by a name that the certificate of {host} has (and hostaddr=… where that name "
            "leads elsewhere), or have it issued for this one."
        )
    if "root certificate file" in error:
        return "Set sslrootcert in its URL to a file with the root certificate."
    return None


def _given(conninfo: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(conninfo)
    except ProgrammingError:
        raise ConninfoError(
            "must be a URL such as postgresql://user@host/database, with special characters of a "
            "password written as %40 and so on, or such as host=… dbname=… user=…"
        ) from None


def _resolved(conninfo: str) -> dict[str, str]:
    """Every parameter as PostgreSQL's library sees it, its service and the environment included."""
    given = make_conninfo(**(_given(conninfo) | _UNREACHABLE))
    connection = pq.PGconn.connect_start(given.encode())
    try:
        found = {o.keyword.decode(): (o.val or b"").decode() for o in connection.info}
    finally:
        connection.finish()
    # It gave up before it had read anything.
    if not any(found.values()):
        raise ConninfoError("names a service that is not defined in the service file")
    return found


def _filled(items: list[str], count: int) -> list[str]:
    return items + [""] * (count - len(items))


def _is_local(host: str) -> bool:
    """Whether it is a socket's folder (the default where empty) or a loopback address."""
    if not host or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _has_root_of_its_own() -> bool:
    """Whether there is the file that PostgreSQL's library takes where none is named."""
    return (Path.home() / ".postgresql" / "root.crt").exists()


def _system_bundle() -> str:
    """The system's root certificates: a file, or ``system`` where the library has to find them."""
    named = os.environ.get("SSL_CERT_FILE")
    return next((path for path in (named, *_BUNDLES) if path and Path(path).is_file()), _SYSTEM)
