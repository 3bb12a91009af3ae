"""What else happens in a ledger's life: users, accounts, time, sweeping, descriptions."""

from random import Random
from typing import Any, Final

from tests.ledger.asks import Post, Reverse
from tests.machine import accounts, documents
from tests.machine.world import World

TICKS: Final = [1, 1, 5, 60, 3600, 86400, 40 * 86400]


def open_first_accounts(world: World, random: Random) -> None:
    """Accounts that can do something with each other."""
    for n, code in enumerate(accounts.CODES[:5]):
        opening = accounts.opening(random)
        opening |= {"code": code, "owner": None, "currency": "YEN" if n > 2 else "EUR"}
        if n in {0, 3}:
            opening |= {"floor": None, "ceiling": None}
        open_account(world, opening)
    world.has_written = True


def pass_time(world: World, random: Random) -> None:
    """Some time passes, and the sweeper may be there when it has."""
    world.has_written = False
    world.pass_time(random.choice(TICKS))
    if random.random() < 0.5:
        swept = world.environment.run(world.environment.sweep(world.ledger_id))
        assert swept == world.model.sweep(world.now)
        world.has_written = swept > 0
        world.environment.tally.update({"swept": swept})


def other(world: World, random: Random) -> None:
    """A user comes, or an account is opened."""
    if random.random() < 0.3:
        create_user(world, random.choice(accounts.USERNAMES))
    else:
        open_account(world, accounts.opening(random))


def open_account(world: World, opening: dict[str, Any]) -> None:
    """Open an account, or be refused."""
    expected = accounts.opened(opening, world.model, world.users)
    result = world.send(documents.OPEN_ACCOUNT, **opening)
    assert _answer(result, "OPENED") == expected
    if expected == ("OPENED", ""):
        accounts.made(opening, result["account"]["id"], world.model)
        owner = result["account"]["owner"]
        assert owner == (opening["owner"] and {"username": opening["owner"]["username"]})
    _tally(world, expected[0], written="OPENED")


def create_user(world: World, username: str) -> None:
    """Create a user, or be refused: by the name, whatever its capitals."""
    is_taken = username in world.users
    expected = ("USERNAME_TAKEN", "username") if is_taken else ("CREATED", "")
    shown = username.upper() if is_taken else username
    result = world.send(documents.CREATE_USER, username=shown, email=f"{username}@example.com")
    assert _answer(result, "CREATED") == expected
    world.users.add(username)
    _tally(world, expected[0], written="CREATED")


def change(world: World, random: Random) -> None:
    """Freeze, unfreeze or close an account, or move its limits."""
    mutation, wanted = accounts.change(random, world.model)
    code = wanted["account"]["code"]
    account = world.model.accounts.get(code)
    is_empty = True
    if account is not None:
        standing = world.model.standing(account, world.now)
        is_empty = standing.balance == 0 and not any(standing.pending.values())
    expected = accounts.changed(mutation, wanted, world.model, is_empty=is_empty)
    result = world.send(documents.CHANGE_ACCOUNT[mutation], **wanted)
    assert _answer(result, "CHANGED") == expected
    if expected == ("CHANGED", "") and account is not None:
        assert result["account"]["state"] == account.state
        if mutation == "updateAccount":
            standing = world.model.standing(account, world.now)
            world.extremes[code] = standing.at_worst, standing.at_best
    _tally(world, expected[0], written="CHANGED")
    world.environment.tally.update([mutation])


def describe(world: World, random: Random) -> None:
    """Give a transaction another description and other metadata; it may not exist."""
    world.has_written = False
    deeds = world.model.deeds
    deed = random.choice(deeds) if deeds and random.random() < 0.9 else None
    changes = {random.choice("abc"): random.choice([1, "x", None]) for _ in range(2)}
    description = random.choice([None, "", "told anew"])
    result = world.send(
        documents.UPDATE_TRANSACTION,
        transaction={"idempotencyKey": "none" if deed is None else deed.key},
        description=description,
        metadata=changes,
    )
    expected = ("TRANSACTION_NOT_FOUND", "transaction") if deed is None else ("CHANGED", "")
    assert _answer(result, "CHANGED") == expected
    if deed is not None:
        asked = world.asks[deed.number]
        assert isinstance(asked, Post | Reverse)
        before = world.described.get(deed.number, (asked.description, asked.metadata or {}))
        assert isinstance(before[1], dict)
        merged = {key: value for key, value in (before[1] | changes).items() if value is not None}
        told = before[0] if description is None else description
        world.described[deed.number] = told, merged
        shown = result["transaction"]
        assert (shown["description"], shown["metadata"]) == (told, merged)
    _tally(world, expected[0], written="CHANGED")


def _answer(result: dict[str, Any], success: str) -> tuple[str, str]:
    if result["__typename"].endswith("Success"):
        return success, ""
    return result["code"], ".".join(result["path"][1:])


def _tally(world: World, outcome: str, *, written: str) -> None:
    world.has_written = outcome == written
    world.environment.tally.update([outcome])
