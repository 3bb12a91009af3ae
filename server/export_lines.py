"""The lines of an export: rows, said as the API's own inputs, so that they can be imported.

Accounts are opened without limits, and their limits and states come last: what happened between is
history, and was decided. Of holds only those that are pending keep when they expire; those that
have expired are voided, by a key that begins with ``expired:``. Whatever moved money says when it
took effect. Ids and recorded times are not exported: a ledger has its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from db.currencies import Currency
from db.export import Event, ExportedAccount, ExportedUser
from ledger import amounts, identifiers

# One key, which says what to do, and its input.
Line: TypeAlias = Mapping[str, Mapping[str, Any]]

EXPIRED_PREFIX: Final = "expired:"


def created(currency: Currency) -> Iterator[Line]:
    """A currency of the application's own."""
    yield {
        "createCurrency": {
            "code": currency.code,
            "exponent": currency.exponent,
            "name": currency.name,
        }
    }


def known(user: ExportedUser) -> Iterator[Line]:
    """A user."""
    yield {
        "createUser": {"username": user.username, "email": user.email, **_metadata(user.metadata)}
    }


def opened(account: ExportedAccount) -> Iterator[Line]:
    """An account before anything happened, without limits."""
    owner = {} if account.owner is None else {"owner": {"username": account.owner}}
    yield {
        "openAccount": {
            "code": account.code,
            "name": account.name,
            "currency": account.currency,
            "normalSide": account.normal_side,
            **owner,
            "floor": None,
            **_metadata(account.metadata),
        }
    }


def limited(account: ExportedAccount) -> Iterator[Line]:
    """An account's limits, if it has any."""
    limits = {
        name: amounts.render(limit, account.exponent)
        for name, limit in (("floor", account.floor), ("ceiling", account.ceiling))
        if limit is not None
    }
    if limits:
        yield {"updateAccount": {"account": {"code": account.code}, **limits}}


def stopped(account: ExportedAccount) -> Iterator[Line]:
    """What keeps an account from taking postings, if anything does."""
    if account.state != "OPEN":
        name = "freezeAccount" if account.state == "FROZEN" else "closeAccount"
        yield {name: {"account": {"code": account.code}}}


def happened(event: Event) -> Iterator[Line]:
    """What happened to a transaction."""
    is_resolution = event.event_id == event.resolution_id
    # A clock that was set back may have recorded a capture before its hold, which makes no entries
    # and may come as early as it is needed.
    is_held_late = event.resolution_id is not None and event.resolution_id < event.transaction_id
    if is_resolution == is_held_late:
        yield from _began(event)
    if is_resolution:
        yield _resolved(event)


def _began(event: Event) -> Iterator[Line]:
    given: dict[str, Any] = {"description": event.description} if event.description else {}
    if event.effective_at is not None:
        given["effectiveAt"] = event.effective_at
    given |= _metadata(event.metadata)
    if event.reversed_key is not None:
        reversed_ = {"idempotencyKey": event.reversed_key}
        key = event.idempotency_key
        yield {"reverse": {"idempotencyKey": key, "transaction": reversed_, **given}}
        return
    if event.state != "POSTED" or event.resolution_id is not None:
        given["pending"] = True
    if event.state == "PENDING" and event.expires_at is not None:
        given["expiresAt"] = event.expires_at
    yield {
        "post": {
            "idempotencyKey": event.idempotency_key,
            "postings": _postings(event),
            **given,
        }
    }
    if event.state == "EXPIRED":
        key = f"{EXPIRED_PREFIX}{identifiers.render('txn', event.transaction_id)}"
        yield {"void": {"idempotencyKey": key, "transaction": _named(event)}}


def _resolved(event: Event) -> Line:
    request = {"idempotencyKey": event.resolution_key, "transaction": _named(event)}
    if event.state == "VOIDED":
        return {"void": request}
    captured = [
        amounts.render(amount, exponent)
        for amount, exponent in zip(event.captured, event.exponents, strict=True)
        if amount is not None
    ]
    return {"capture": {**request, "amounts": captured}}


def _postings(event: Event) -> list[Mapping[str, object]]:
    legs = zip(event.debit_codes, event.credit_codes, event.amounts, event.exponents, strict=True)
    return [
        {
            "debit": {"code": debit},
            "credit": {"code": credit},
            "amount": amounts.render(amount, exponent),
        }
        for debit, credit, amount, exponent in legs
    ]


def _named(event: Event) -> Mapping[str, str]:
    return {"idempotencyKey": event.idempotency_key}


def _metadata(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"metadata": metadata} if metadata else {}
