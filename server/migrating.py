"""``florin migrate``: the schema, and the login that serves where another one owns the tables."""

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db import conninfo, roles, setup
from db.roles import CannotAdmitError
from server.settings import Settings


class CannotMigrateError(Exception):
    """What is in the way and what to do about it, a line each."""


def migrate(configured: Settings) -> None:
    """Bring the database to the newest schema: all of it, or nothing.

    With an owner's URL it is done as the owner, and the login in DATABASE_URL is only made a member
    of florin_app. Raises CannotMigrateError, also where that login could do more than it should.
    """
    assert configured.database_url is not None
    serving = configured.database_url.get_secret_value()
    owner = None if configured.owner_url is None else configured.owner_url.get_secret_value()
    try:
        if owner is None:
            setup.prepare(serving)
            return
        login = conninfo.login(serving)
        found = setup.prepare_for(login, owner)
    except CannotAdmitError as error:
        raise CannotMigrateError(str(error)) from None
    except (psycopg.Error, SQLAlchemyError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        remedy = conninfo.remedy(reason, owner or serving) or "`florin doctor` says more."
        raise CannotMigrateError(
            f"The schema could not be migrated: {reason}\nNothing was changed. {remedy}"
        ) from None
    if found:
        raise CannotMigrateError(
            f"The schema is up to date. But {roles.finding(login, found)}: it should serve and no "
            f"more.\n{roles.remedy(login, found, conninfo.login(owner))}"
        )
