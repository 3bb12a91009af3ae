"""updateUser: another name, another address, other metadata."""

import msgspec

from db import actions, users
from db.statements import Connection
from db.users import User
from ledger import identifiers, metadata, texts
from ledger.metadata import Metadata
from ledger.refusals import EmailTaken, InvalidInput, UsernameTaken, UserNotFound
from resolvers.context import Context
from resolvers.mutations.create_user import malformed, taken
from resolvers.mutations.transact import transact
from resolvers.users import UserKey, find


class UpdateUserSuccess(msgspec.Struct, frozen=True):
    """The user as it is now."""

    user: User


async def update_user(
    context: Context,
    *,
    key: UserKey,
    username: str | None,
    email: str | None,
    metadata_changes: Metadata,
) -> UpdateUserSuccess | InvalidInput | UserNotFound | UsernameTaken | EmailTaken:
    """Change what is given; metadata is merged by key, and null removes a key."""
    named = await find(context, key)
    missing = UserNotFound(path=("input", "user"), user=texts.shown(key.text))
    if named is None:
        return missing
    problem = metadata.problem(metadata_changes)
    if problem is not None:
        return InvalidInput(path=("input", "metadata"), problem=problem)

    async def work(
        conn: Connection,
    ) -> UpdateUserSuccess | InvalidInput | UserNotFound | UsernameTaken | EmailTaken:
        user = await users.lock(conn, context.ledger_id, named.user_id)
        if user is None:
            return missing
        changed = msgspec.structs.replace(
            user,
            username=user.username if username is None else username,
            email=user.email if email is None else email,
            metadata=metadata.merge(user.metadata, metadata_changes),
        )
        refusal = malformed(
            username=changed.username, email=changed.email, metadata_object=changed.metadata
        ) or await taken(
            conn, context.ledger_id, username=changed.username, email=changed.email, but=user
        )
        if refusal is not None:
            return refusal
        updated = await users.update(conn, context.ledger_id, changed)
        assert updated is not None
        subject = identifiers.render("user", updated.user_id)
        action = actions.of(context.actor, "updateUser", subject=subject)
        await actions.record(conn, context.ledger_id, action)
        return UpdateUserSuccess(updated)

    return await transact(context, work)
