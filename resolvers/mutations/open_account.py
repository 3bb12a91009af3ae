"""openAccount: a place for one currency's balance."""

from typing import TypeAlias

import msgspec

from db import accounts, actions, currencies
from db.accounts import Account, NewAccount
from db.statements import Connection
from ledger import amounts, identifiers, metadata, texts
from ledger.accounts import Side
from ledger.metadata import Metadata
from ledger.paths import Path
from ledger.refusals import (
    AccountCodeTaken,
    CurrencyNotFound,
    InvalidAmount,
    InvalidInput,
    UserNotFound,
)
from resolvers.context import Context
from resolvers.mutations.transact import transact
from resolvers.users import UserKey, find


class OpenAccountSuccess(msgspec.Struct, frozen=True):
    """The account is open."""

    account: Account


OpenAccountRefusal: TypeAlias = (
    InvalidInput | InvalidAmount | CurrencyNotFound | UserNotFound | AccountCodeTaken
)


class OpenAccountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; limits are decimal strings, None for unbounded."""

    code: str
    name: str
    currency: str
    normal_side: Side
    owner: UserKey | None
    floor: str | None
    ceiling: str | None
    metadata: Metadata


async def open_account(
    context: Context, request: OpenAccountRequest
) -> OpenAccountSuccess | OpenAccountRefusal:
    """Open an account with a zero balance; its code, currency and normal side are final."""
    refusal = _malformed(request)
    if refusal is not None:
        return refusal
    owner = None if request.owner is None else await find(context, request.owner)
    if request.owner is not None and owner is None:
        return UserNotFound(path=("input", "owner"), user=texts.shown(request.owner.text))

    async def work(conn: Connection) -> OpenAccountSuccess | OpenAccountRefusal:
        found = await currencies.by_codes(conn, context.ledger_id, [request.currency])
        if not found:
            return CurrencyNotFound(path=("input", "currency"), currency_code=request.currency)
        limits = read_limits(
            currency=found[0].code,
            exponent=found[0].exponent,
            floor=request.floor,
            ceiling=request.ceiling,
        )
        if not isinstance(limits, tuple):
            return limits
        for account in await accounts.by_codes(conn, context.ledger_id, [request.code]):
            return AccountCodeTaken(
                path=("input", "code"), account_id=account.account_id, account_code=account.code
            )
        new = NewAccount(
            account_id=identifiers.now(),
            code=request.code,
            name=request.name,
            owner_id=None if owner is None else owner.user_id,
            currency=found[0].code,
            exponent=found[0].exponent,
            normal_side=request.normal_side,
            floor=limits[0],
            ceiling=limits[1],
            metadata=request.metadata,
        )
        opened = await accounts.create(conn, context.ledger_id, new)
        assert opened is not None
        subject = identifiers.render("acct", opened.account_id)
        action = actions.of(context.actor, "openAccount", subject=subject)
        await actions.record(conn, context.ledger_id, action)
        return OpenAccountSuccess(opened)

    return await transact(context, work)


def read_limits(
    *, currency: str, exponent: int, floor: str | None, ceiling: str | None
) -> tuple[int | None, int | None] | InvalidAmount | InvalidInput:
    """Floor and ceiling in minor units, or why they cannot be an account's limits."""
    limits: list[int | None] = []
    for name, text in (("floor", floor), ("ceiling", ceiling)):
        limit = None if text is None else _limit(text, currency, exponent, ("input", name))
        if isinstance(limit, InvalidAmount):
            return limit
        limits.append(limit)
    low, high = limits
    if low is not None and high is not None and low > high:
        problem = f"the floor {floor} is above the ceiling {ceiling}"
        return InvalidInput(path=("input", "floor"), problem=problem)
    return low, high


def _malformed(request: OpenAccountRequest) -> InvalidInput | None:
    problem = texts.identifier_problem(request.code, length_max=texts.CODE_MAX)
    if problem is not None:
        return InvalidInput(path=("input", "code"), problem=problem)
    problem = texts.prose_problem(request.name, length_max=texts.NAME_MAX)
    if problem is not None:
        return InvalidInput(path=("input", "name"), problem=problem)
    problem = texts.currency_code_problem(request.currency)
    if problem is not None:
        return InvalidInput(path=("input", "currency"), problem=problem)
    problem = metadata.problem(request.metadata)
    return None if problem is None else InvalidInput(path=("input", "metadata"), problem=problem)


def _limit(text: str, currency: str, exponent: int, path: Path) -> int | InvalidAmount:
    amount = amounts.parse(text)
    if amount is None:
        problem = "a limit is a plain decimal such as 0 or -500.00"
        return InvalidAmount(path=path, problem=problem)
    minor_units = amount.minor_units(exponent)
    if minor_units is None:
        problem = f"{text} has {amount.decimals} decimals; {currency} has {exponent}"
        return InvalidAmount(path=path, problem=problem)
    if abs(minor_units) > amounts.MINOR_UNITS_MAX:
        problem = f"the limit has more than {amounts.DIGITS_MAX} digits in minor units"
        return InvalidAmount(path=path, problem=problem)
    return minor_units
