"""Checks a database before it is trusted with money; each failure names its remedy."""

from typing import Final, Literal

import msgspec
import psycopg
from psycopg import AsyncConnection

from db import api_keys, conninfo, inspection, migrate, roles, walls
from db.conninfo import Transport
from db.inspection import Role, Server
from db.roles import Reach
from db.statements import Connection
from db.walls import Walls
from server import tokens
from server.api_key_secret import key_maker
from server.key_sets import KeySetUnavailableError
from server.origins import is_loopback
from server.settings import Settings

# What the check is called that notes, where nobody says who they are, that everybody may do all.
CREDENTIALS: Final = "credentials"

State = Literal["ok", "note", "failed"]

_VERSION_MIN: Final = 150_000
# PostgreSQL's own default for superuser_reserved_connections, left free on top of it for the people
# and the monitoring that must still get in.
_CONNECTIONS_SPARE: Final = 3
# Connections of a process outside its pool: the one that listens for events.
_LISTENERS: Final = 1


class Check(msgspec.Struct, frozen=True):
    """One question, its answer, and what to do about a bad one."""

    name: str
    state: State
    finding: str
    remedy: str = ""


async def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which they build on each other."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    try:
        # Nothing is prepared: there may be a pooler between.
        conn = await AsyncConnection.connect(
            url, connect_timeout=5, autocommit=True, prepare_threshold=None
        )
    except psycopg.Error as error:
        remedy = conninfo.remedy(str(error), url) or (
            "Start PostgreSQL, or set DATABASE_URL to one that runs."
        )
        return [Check("server", "failed", f"not reachable: {error}", remedy)]
    async with conn:
        server = await inspection.server(conn)
        checks = [
            Check("server", "ok", f"reachable as {server.login_role}"),
            _transport(conninfo.transport(url)),
            _version(server),
            _encoding(server),
            _budget(server, settings),
            _extensions(await inspection.extensions(conn)),
            *_discovery(settings),
        ]
        try:
            revision = await migrate.revision(conn)
        except psycopg.errors.InsufficientPrivilege:
            return [*checks, _outsider(server.login_role)]
        checks.append(_revision(revision))
        # What the role may do is a question of the tables that are expected.
        if revision == migrate.head():
            role = _role(await inspection.role(conn))
            checks.append(role)
            checks.append(_login(server.login_role, await roles.reach(conn, server.login_role)))
            checks += await _issuer(settings)
            # Read as the app's role reads, which takes the right to take it on.
            if role.state == "ok":
                checks.append(_walls(await walls.examine(conn)))
                checks.append(_events(await inspection.is_from_elsewhere(conn)))
                checks.append(await _credentials(conn, settings))
    return checks


def failed(checks: list[Check]) -> list[Check]:
    """Those that forbid serving."""
    return [check for check in checks if check.state == "failed"]


def _transport(way: Transport) -> Check:
    if not way.hosts:
        return Check("transport", "ok", "does not leave this machine")
    hosts = ", ".join(way.hosts)
    if way.is_verified:
        return Check("transport", "ok", f"TLS, and {hosts} is verified")
    finding = (
        f"sslmode={way.mode}: {hosts} is not verified: anybody in between can read and change all"
    )
    remedy = "Leave sslmode out of DATABASE_URL and PGSSLMODE; name the server's root certificate "
    return Check("transport", "note", finding, f"{remedy}in sslrootcert where it is your own.")


async def _credentials(conn: Connection, settings: Settings) -> Check:
    if not await api_keys.exist(conn):
        if settings.jwt_issuer is not None:
            return Check(CREDENTIALS, "ok", f"tokens of {settings.jwt_issuer}")
        finding = "none are asked for: whoever is on this machine may do everything"
        return Check(CREDENTIALS, "note", finding, "`florin key create` makes an API key.")
    maker = key_maker(settings)
    ours = [] if maker is None else [maker.name]
    if set(await api_keys.secrets(conn)) <= set(ours):
        return Check(CREDENTIALS, "ok", "are asked for")
    return Check(
        CREDENTIALS,
        "failed",
        "there are API keys that were made with another secret, and would not be known",
        "Set FLORIN_API_KEY_SECRET or FLORIN_API_KEY_SECRET_FILE to what it was where they were "
        "made (by default the file api-key-secret in FLORIN_DATA_DIRECTORY), or revoke them.",
    )


async def _issuer(settings: Settings) -> list[Check]:
    async with tokens.opened(settings) as issuer:
        if issuer is None:
            return []
        try:
            await issuer.ready()
        except KeySetUnavailableError as error:
            # It may be back in a moment, and API keys do without it.
            finding = f"its keys cannot be had, so that tokens are answered 503: {error.__cause__}"
            remedy = "Check FLORIN_JWT_JWKS_URL, and that this machine may reach it."
            return [Check("issuer", "note", finding, remedy)]
    return [Check("issuer", "ok", f"has keys at {settings.jwt_jwks_url}")]


def _outsider(login: str) -> Check:
    return Check(
        "role",
        "failed",
        f"{login} may not look into schema florin",
        "Run `florin migrate --owner-url …` with the URL of the login that owns it, or as an "
        "administrator: GRANT florin_app TO the role in DATABASE_URL.",
    )


def _login(login: str, found: list[Reach]) -> Check:
    if not found:
        return Check("login", "ok", f"{login} may become florin_app, and no more")
    remedy = (
        "Optional: one login for all is enough. Safer: `florin migrate --owner-url …`, with "
        "another login in DATABASE_URL, which then can do no more than serve."
    )
    return Check(
        "login", "note", f"this login could do more: {roles.finding(login, found)}", remedy
    )


def asks_for_credentials(checks: list[Check]) -> bool:
    """Whether, by these checks, a server would ask who somebody is."""
    return not any(check.name == CREDENTIALS and check.state == "note" for check in checks)


def _version(server: Server) -> Check:
    if server.version_number >= _VERSION_MIN:
        return Check("version", "ok", f"PostgreSQL {server.version}")
    return Check(
        "version",
        "failed",
        f"PostgreSQL {server.version} is older than 15",
        "Upgrade to PostgreSQL 15 or newer.",
    )


def _encoding(server: Server) -> Check:
    if server.encoding == "UTF8":
        return Check("encoding", "ok", "UTF-8")
    return Check(
        "encoding",
        "failed",
        f"the database's encoding is {server.encoding}",
        "Create the database with ENCODING 'UTF8' TEMPLATE template0.",
    )


def _budget(server: Server, settings: Settings) -> Check:
    wanted = settings.workers * (settings.pool_size_max + _LISTENERS)
    free = server.connections_max - server.connections_reserved - _CONNECTIONS_SPARE
    finding = (
        f"{wanted} wanted (workers {settings.workers} times {settings.pool_size_max} and one that "
        f"listens); fewer than {free} of the server's {server.connections_max} may be used"
    )
    if wanted < free:
        return Check("connections", "ok", finding)
    return Check(
        "connections",
        "failed",
        finding,
        "Lower FLORIN_POOL_SIZE_MAX or FLORIN_WORKERS, or raise the server's max_connections.",
    )


def _extensions(names: list[str]) -> Check:
    if "pg_stat_statements" in names:
        return Check("extensions", "ok", ", ".join(names))
    return Check(
        "extensions",
        "note",
        "pg_stat_statements is not available on this server",
        "Optional. Where the server has it: CREATE EXTENSION pg_stat_statements.",
    )


def _discovery(settings: Settings) -> list[Check]:
    """Of a server that others reach: whether it describes itself to whoever has a credential."""
    shown = [
        (settings.introspection, "introspection", "FLORIN_INTROSPECTION=false"),
        (settings.suggestions, "hints at misspelt names", "FLORIN_SUGGESTIONS=false"),
        (settings.allows_explain, "explanations, with plans", "FLORIN_EXPLAIN=false"),
    ]
    found = [(what, remedy) for is_shown, what, remedy in shown if is_shown]
    if is_loopback(settings.host) or not found:
        return []
    finding = f"{settings.host} answers {', '.join(what for what, _ in found)}"
    remedy = f"In production: {', '.join(remedy for _, remedy in found)} (SECURITY.md)."
    return [Check("discovery", "note", finding, remedy)]


def _revision(revision: str | None) -> Check:
    head = migrate.head()
    if revision == head:
        return Check("schema", "ok", f"at revision {revision}, the newest")
    finding = "not migrated yet" if revision is None else f"at revision {revision}, not {head}"
    return Check("schema", "failed", finding, "Run `florin migrate`.")


def _role(role: Role | None) -> Check:
    if role is None:
        remedy = "Run `florin migrate` as a role that may create roles."
        return Check("role", "failed", "the role florin_app is missing", remedy)
    if not role.can_become_app:
        remedy = "As an administrator: GRANT florin_app TO the role in DATABASE_URL."
        return Check("role", "failed", "this login may not take on florin_app", remedy)
    if role.app_is_superuser:
        remedy = "As an administrator: ALTER ROLE florin_app NOSUPERUSER."
        return Check("role", "failed", "florin_app is a superuser: it could rewrite all", remedy)
    if role.could_rewrite:
        tables = sorted({privilege.rpartition(" ON ")[2] for privilege in role.could_rewrite})
        remedy = (
            f"As the owner: REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(tables)} FROM "
            "florin_app; then GRANT again what the end of db/schema.sql does."
        )
        finding = f"florin_app could rewrite history: {', '.join(role.could_rewrite)}"
        return Check("role", "failed", finding, remedy)
    if not role.can_add_history:
        remedy = "As the owner: GRANT all that the end of db/schema.sql does."
        return Check("role", "failed", "florin_app may not add to history", remedy)
    return Check("role", "ok", "florin_app may add to history and never rewrite it")


def _walls(found: Walls) -> Check:
    if found.app_bypasses:
        remedy = "As an administrator: ALTER ROLE florin_app NOBYPASSRLS."
        return Check("walls", "failed", "florin_app bypasses row-level security", remedy)
    if found.search_can_log_in:
        finding = "florin_search can log in, and is above row-level security"
        remedy = "As an administrator: ALTER ROLE florin_search NOLOGIN."
        return Check("walls", "failed", finding, remedy)
    if found.owned_by_app:
        tables = ", ".join(found.owned_by_app)
        remedy = (
            "As an administrator: REVOKE from florin_app the role that owns them, or ALTER TABLE … "
            "OWNER TO the role that migrates."
        )
        return Check("walls", "failed", f"florin_app owns {tables}", remedy)
    if found.open_tables:
        tables = ", ".join(found.open_tables)
        remedy = (
            "As the owner: ENABLE and FORCE ROW LEVEL SECURITY, and the policies of db/schema.sql."
        )
        return Check("walls", "failed", f"row-level security stands open on {tables}", remedy)
    return Check("walls", "ok", "row-level security holds for every table of a ledger")


def _events(is_from_elsewhere: bool) -> Check:  # noqa: FBT001 - a finding
    if not is_from_elsewhere:
        return Check("events", "ok", "go on where they were")
    finding = "the database was restored from another server; new events would come before old ones"
    return Check("events", "failed", finding, "Run `florin migrate`.")
