"""createUser: somebody who can own accounts."""

import msgspec

from db import actions, users
from db.statements import Connection
from db.users import User
from ledger import identifiers, metadata, texts
from ledger.metadata import Metadata
from ledger.refusals import EmailTaken, InvalidInput, UsernameTaken
from resolvers.context import Context
from resolvers.mutations.transact import transact


class CreateUserSuccess(msgspec.Struct, frozen=True):
    """The user is there."""

    user: User


async def create_user(
    context: Context, *, username: str, email: str, metadata_object: Metadata
) -> CreateUserSuccess | InvalidInput | UsernameTaken | EmailTaken:
    """Create a user; usernames and email addresses are unique whatever their capitals."""
    refusal = malformed(username=username, email=email, metadata_object=metadata_object)
    if refusal is not None:
        return refusal

    async def work(conn: Connection) -> CreateUserSuccess | UsernameTaken | EmailTaken:
        refusal = await taken(conn, context.ledger_id, username=username, email=email)
        if refusal is not None:
            return refusal
        user = await users.create(
            conn,
            context.ledger_id,
            user_id=identifiers.now(),
            username=username,
            email=email,
            metadata=metadata_object,
        )
        assert user is not None
        created = identifiers.render("user", user.user_id)
        action = actions.of(context.actor, "createUser", subject=created)
        await actions.record(conn, context.ledger_id, action)
        return CreateUserSuccess(user)

    return await transact(context, work)


def malformed(*, username: str, email: str, metadata_object: Metadata) -> InvalidInput | None:
    """The first thing about a user that is malformed."""
    problem = texts.identifier_problem(username, length_max=texts.USERNAME_MAX)
    if problem is not None:
        return InvalidInput(path=("input", "username"), problem=problem)
    problem = texts.email_problem(email)
    if problem is not None:
        return InvalidInput(path=("input", "email"), problem=problem)
    problem = metadata.problem(metadata_object)
    return None if problem is None else InvalidInput(path=("input", "metadata"), problem=problem)


async def taken(
    conn: Connection, ledger_id: int, *, username: str, email: str, but: User | None = None
) -> UsernameTaken | EmailTaken | None:
    """Whether a user other than ``but`` has the username or the address."""
    holders = await users.holders(conn, ledger_id, username=username, email=email)
    others = [user for user in holders if but is None or user.user_id != but.user_id]
    for user in others:
        if users.folded(user.username) == users.folded(username):
            path = ("input", "username")
            return UsernameTaken(path=path, username=username, user_id=user.user_id)
    for user in others:
        return EmailTaken(path=("input", "email"), email=email, user_id=user.user_id)
    return None
