"""The login that serves, where another one owns the tables: it may become florin_app, and no more.

Whoever takes over the serving process then has what that login has: reading, adding to history, and
nothing else. A login could do more by what it is itself, and by every role that it is a member of.
"""

from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, args_row
from psycopg.sql import SQL, Identifier

from db import statements

CURRENT: Final[LiteralString] = "SELECT current_user::text"

EXISTS: Final[LiteralString] = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(login)s)"

IS_MEMBER: Final[LiteralString] = """
    SELECT pg_has_role(
        %(login)s, 'florin_app',
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
    ) AND pg_has_role(%(login)s, 'florin_app', 'USAGE')
"""

# Up to 15 both come of themselves, with a login that inherits.
JOIN: Final = SQL("GRANT florin_app TO {}")
JOIN_FROM_16: Final = SQL("GRANT florin_app TO {} WITH ADMIN FALSE, INHERIT TRUE, SET TRUE")

# Every role that a login is or could become, with what it could do that florin_app cannot. Owners
# may do anything with what is theirs; the predefined roles that read, write and run whatever the
# server's own process may are named like PostgreSQL's superuser in all but the word.
REACH: Final[LiteralString] = """
    SELECT r.rolname::text AS role,
        ARRAY(
            SELECT could.what
            FROM (VALUES
                (r.rolsuper, 'is a superuser'),
                (r.rolcreaterole, 'may create roles and join others'),
                (r.rolbypassrls, 'is above row-level security'),
                (r.rolreplication, 'may copy the whole server'),
                (
                    r.rolname IN (
                        'pg_write_all_data', 'pg_execute_server_program', 'pg_read_server_files',
                        'pg_write_server_files'
                    ),
                    'may write everything, or use the server''s files and programs'
                ),
                (
                    EXISTS (
                        SELECT FROM pg_database AS d
                        WHERE d.datname = current_database() AND d.datdba = r.oid
                    ),
                    'owns the database'
                ),
                (
                    EXISTS (
                        SELECT FROM pg_namespace AS n
                        WHERE n.nspname = 'florin' AND (
                            n.nspowner = r.oid OR EXISTS (
                                SELECT FROM pg_class AS c
                                WHERE c.relnamespace = n.oid AND c.relowner = r.oid
                            )
                        )
                    ),
                    'owns what is in schema florin'
                ),
                (
                    r.rolname = 'florin_app'
                        AND pg_has_role(%(login)s, r.oid, 'MEMBER WITH ADMIN OPTION'),
                    'may be given to others by it'
                )
            ) AS could (is_so, what)
            WHERE could.is_so
        ) AS could
    FROM pg_roles AS r
    WHERE pg_has_role(%(login)s, r.oid, 'MEMBER')
        -- A superuser is a member of every role, which says nothing more.
        AND (r.rolname = %(login)s OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = %(login)s))
    ORDER BY r.rolname <> %(login)s, r.rolname
"""


_APP: Final = "florin_app"
# From which version on members can be told apart by what membership gives them.
_OPTIONS_SINCE: Final = 160_000
_SUPERUSER: Final = "is a superuser"
# What takes away what a login is.
_ATTRIBUTES: Final[dict[str, LiteralString]] = {
    _SUPERUSER: "NOSUPERUSER",
    "may create roles and join others": "NOCREATEROLE",
    "is above row-level security": "NOBYPASSRLS",
    "may copy the whole server": "NOREPLICATION",
}
_OWNS: Final = frozenset({"owns the database", "owns what is in schema florin"})
# What takes away what it has. What it gave to itself and others on the strength of that goes, too.
_LEAVE: Final = SQL("REVOKE {role} FROM {login} CASCADE;")
_TAKE: Final = SQL("ALTER ROLE {login} {attributes};")
_HAND_OVER: Final = SQL("REASSIGN OWNED BY {login} TO {owner};")
_GIVE_NO_MORE: Final = SQL("REVOKE ADMIN OPTION FOR florin_app FROM {login} CASCADE;")


class Reach(msgspec.Struct, frozen=True):
    """A role that a login is or could become, and what that could do beyond florin_app."""

    role: str
    could: list[str]


class CannotAdmitError(Exception):
    """Why the login that serves cannot be set up, and what to do about it."""


def refuse_unfit(owner: psycopg.Connection, login: str) -> None:
    """Find out before anything is changed whether a login can serve; raises CannotAdmitError."""
    row = owner.execute(CURRENT).fetchone()
    if row == (login,):
        raise CannotAdmitError(
            f"DATABASE_URL and the owner's URL both log in as {login}: the one that serves has to "
            "be another."
        )
    if owner.execute(EXISTS, {"login": login}).fetchone() != (True,):
        raise CannotAdmitError(
            f"There is no role {login}, as which DATABASE_URL logs in. As an administrator: "
            f"CREATE ROLE {_quoted(login)} LOGIN PASSWORD '…';"
        )


def admit(owner: psycopg.Connection, login: str) -> list[Reach]:
    """Make a login a member of florin_app, and return by what it could do more than that.

    Raises CannotAdmitError where that cannot be done.
    """
    if not _is_member(owner, login):
        knows_options = owner.info.server_version >= _OPTIONS_SINCE
        join = JOIN_FROM_16 if knows_options else JOIN
        try:
            owner.execute(join.format(Identifier(login)))
        except psycopg.errors.InsufficientPrivilege:
            raise CannotAdmitError(
                f"The owner may not give florin_app to {login}. As an administrator: "
                f"GRANT florin_app TO {_quoted(login)};"
            ) from None
        if not _is_member(owner, login):
            raise CannotAdmitError(
                f"{login} is a member of florin_app and does not inherit what it may. As an "
                f"administrator: ALTER ROLE {_quoted(login)} INHERIT;"
            )
    with owner.cursor(row_factory=args_row(Reach)) as cursor:
        return [one for one in cursor.execute(REACH, {"login": login}) if one.could]


async def reach(conn: AsyncConnection[TupleRow], login: str) -> list[Reach]:
    """By what a login could do more than florin_app; empty where it could not; one round trip."""
    found = await statements.all_rows(conn, Reach, REACH, {"login": login})
    return [one for one in found if one.could]


def finding(login: str, found: list[Reach]) -> str:
    """What a login could do too much, as a sentence without its end."""
    return "; ".join(
        f"{login} {_and(one.could)}"
        if one.role == login
        else f"{login} is a member of {one.role}, which {_and(one.could)}"
        for one in found
    )


def remedy(login: str, found: list[Reach], owner: str) -> str:
    """What an administrator has to run against that."""
    statements_ = [
        _LEAVE.format(role=Identifier(one.role), login=Identifier(login))
        for one in found
        if one.role not in {login, _APP}
    ]
    could = {what for one in found if one.role == login for what in one.could}
    attributes = [SQL(word) for what, word in _ATTRIBUTES.items() if what in could]
    if attributes:
        taken = SQL(" ").join(attributes)
        statements_.append(_TAKE.format(login=Identifier(login), attributes=taken))
    if could & _OWNS:
        statements_.append(_HAND_OVER.format(login=Identifier(login), owner=Identifier(owner)))
    if any(one.role == _APP for one in found):
        statements_.append(_GIVE_NO_MORE.format(login=Identifier(login)))
    text = SQL(" ").join(statements_).as_string()
    return f"As an administrator, and then migrate again: {text}"


def _and(things: list[str]) -> str:
    # Which has all the rest in it.
    return _SUPERUSER if _SUPERUSER in things else " and ".join(things)


def _is_member(owner: psycopg.Connection, login: str) -> bool:
    return owner.execute(IS_MEMBER, {"login": login}).fetchone() == (True,)


def _quoted(role: str) -> str:
    return Identifier(role).as_string()
