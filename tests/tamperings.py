"""One way to break each rule that the audit knows, by hand, in the ledger of ``tests.audited``."""

from typing import Final

from tests.audited import NOBODY, Tampering

_WALLET = "account_id = (SELECT account_id FROM florin.accounts WHERE code = 'wallet')"
_SHOP = "account_id = (SELECT account_id FROM florin.accounts WHERE code = 'shop')"


def _of(key: str) -> str:
    return (
        "transaction_id = (SELECT transaction_id FROM florin.transactions"  # noqa: S608
        f" WHERE idempotency_key = '{key}')"
    )


def _set(table: str, change: str, condition: str) -> str:
    return f"UPDATE florin.{table} SET {change} WHERE {condition}"  # noqa: S608


def _delete(table: str, condition: str) -> str:
    return f"DELETE FROM florin.{table} WHERE {condition}"  # noqa: S608


def _entry(rule: str, change: str, version: int = 2, of: int | None = None) -> Tampering:
    statement = _set("entries", change, f"{_WALLET} AND version = {version}")
    return Tampering(f"entry.{rule}", f"wallet {of or version}", statement)


def _account(rule: str, change: str) -> Tampering:
    return Tampering(f"account.{rule}", "wallet", _set("accounts", change, "code = 'wallet'"))


def _transaction(rule: str, about: str, change: str, key: str) -> Tampering:
    return Tampering(rule, about, _set("transactions", change, f"idempotency_key = '{key}'"))


def _hold(rule: str, change: str, key: str) -> Tampering:
    condition = f"{_of(key)} AND {_WALLET}"
    return Tampering(f"hold.{rule}", key, _set("holds", change, condition))


ENTRIES: Final = [
    _entry("version", "version = 7", version=4, of=7),
    Tampering(
        "entry.version",
        "wallet 2",
        _delete("entries", f"{_WALLET} AND version = 1"),
    ),
    _entry("created_at", "created_at = '2020-01-01Z'"),
    _entry("balance_after", "balance_after = balance_after + 1"),
    _entry("debits_after", "debits_after = debits_after + 1"),
    Tampering(
        "entry.account",
        "nobody 4",
        _set("entries", f"account_id = '{NOBODY}'", f"{_WALLET} AND version = 4"),
    ),
    Tampering(
        "entry.account",
        "wallet 1",
        _delete("accounts", "code = 'wallet'"),
    ),
    _entry("transaction", f"transaction_id = '{NOBODY}'"),
    _transaction("entry.transaction", "wallet 1", "state = 'VOIDED', resolved_at = now()", "fund"),
    _entry("posting", "position = 50"),
    _entry("side", "side = 'DEBIT'"),
    Tampering(
        "entry.side",
        "wallet 2",
        _set("postings", f"credit_account_id = '{NOBODY}'", _of("dated")),
    ),
    _entry("amount", "amount = amount + 1"),
    _entry("amount", "amount = 1000", version=3),  # what was held, not what was captured
    Tampering("entry.amount", "wallet 2", _set("postings", "amount = amount + 1", _of("dated"))),
    _entry("recorded", "created_at = created_at + interval '1 microsecond'"),
    _transaction("entry.recorded", "wallet 2", "created_at = '2020-01-01Z'", "dated"),
    _transaction("entry.recorded", "wallet 3", "resolved_at = '2020-01-01Z'", "captured"),
    _entry("effective_at", "effective_at = effective_at + interval '1 microsecond'"),
    _entry("effective_at", "effective_at = now()", version=1),
    _transaction("entry.effective_at", "wallet 2", "effective_at = NULL", "dated"),
]

ACCOUNTS: Final = [
    _account("version", "version = version + 1"),
    _account("last_entry_at", "last_entry_at = last_entry_at + interval '1 microsecond'"),
    _account("last_entry_at", "last_entry_at = NULL"),
    _account("debits_posted", "debits_posted = debits_posted + 1"),
    _account("credits_posted", "credits_posted = credits_posted + 1"),
    _account("debits_pending", "debits_pending = 0"),
    _account("credits_pending", "credits_pending = 1"),
    _account("closed_balance", "state = 'CLOSED'"),
    _account("closed_holds", "state = 'CLOSED'"),
    Tampering(
        "account.version",
        "wallet",
        _delete("entries", f"{_WALLET} AND version = 4"),
    ),
    Tampering("ledger.posted", "USD", _set("accounts", "debits_posted = 5", "code = 'empty'")),
    Tampering("ledger.pending", "USD", _set("accounts", "debits_pending = 5", "code = 'empty'")),
    Tampering("shift.debits", "wallet", _set("shifts", "debits = debits + 1", _WALLET)),
    Tampering("shift.credits", "wallet", _set("shifts", "credits = 0", _WALLET)),
    Tampering(
        "shift.credits",
        "wallet",
        _delete("shifts", f"{_WALLET} AND period = 'DAY'"),
    ),
    Tampering(
        "shift.debits",
        "wallet",
        "INSERT INTO florin.shifts"  # noqa: S608
        " SELECT ledger_id, account_id, 'DAY', '1999-12-31', 1, 0"
        f" FROM florin.accounts WHERE {_WALLET}",
    ),
    Tampering(
        "shift.account",
        "nobody",
        "INSERT INTO florin.shifts"  # noqa: S608
        f" VALUES (1, '{NOBODY}', 'DAY', '1999-12-31', 0, 0)",
    ),
]

TRANSACTIONS: Final = [
    _transaction(
        "transaction.resolved_at",
        "expired",
        "resolved_at = resolved_at + interval '1 microsecond'",
        "expired",
    ),
    Tampering(
        "transaction.postings",
        "fund",
        _delete("postings", f"{_of('fund')} AND position = 0"),
    ),
    Tampering(
        "transaction.postings",
        "dated",
        _delete("postings", _of("dated")),
    ),
    Tampering(
        "transaction.postings",
        "fund",
        _set("postings", "position = 3", f"{_of('fund')} AND position = 1"),
    ),
    Tampering(
        "posting.transaction",
        "nothing",
        f"INSERT INTO florin.postings SELECT 1, '{NOBODY}', 0, debit_account_id,"  # noqa: S608
        f" credit_account_id, 1 FROM florin.postings WHERE {_of('dated')}",
    ),
    Tampering("posting.currency", "fund", _set("accounts", "currency = 'EUR'", "code = 'shop'")),
    Tampering("posting.accounts", "dated", _delete("accounts", "code = 'cash'")),
    Tampering(
        "posting.entries",
        "dated",
        _delete("entries", f"{_of('dated')} AND side = 'CREDIT'"),
    ),
    Tampering(  # a second entry of one posting, otherwise as it should be
        "posting.entries",
        "refund",
        "INSERT INTO florin.entries"  # noqa: S608
        " SELECT ledger_id, account_id, version + 1, transaction_id,"
        " position, side, amount, balance_after + amount, created_at, effective_at, debits_after"
        f" FROM florin.entries WHERE {_WALLET} AND version = 4",
    ),
    Tampering(
        "posting.holds",
        "open",
        _delete("holds", f"{_of('open')} AND {_SHOP}"),
    ),
    _transaction("reversal.original", "refund", f"reverses_id = '{NOBODY}'", "refund"),
    _transaction("reversal.original", "refund", "state = 'VOIDED'", "captured"),
    Tampering(
        "reversal.postings", "refund", _set("postings", "amount = amount + 1", _of("refund"))
    ),
    Tampering(
        "reversal.postings",
        "refund",
        _set(
            "postings",
            "debit_account_id = credit_account_id, credit_account_id = debit_account_id",
            _of("refund"),
        ),
    ),
    Tampering(
        "reversal.postings",
        "refund",
        _delete("postings", _of("captured")),
    ),
]

HOLDS: Final = [
    Tampering(
        "hold.account",
        "open",
        _set("holds", f"account_id = '{NOBODY}'", f"{_of('open')} AND {_WALLET}"),
    ),
    Tampering(
        "hold.transaction", "nothing", _set("holds", f"transaction_id = '{NOBODY}'", _of("open"))
    ),
    Tampering(  # one that was never a hold
        "hold.transaction",
        "fund",
        "INSERT INTO florin.holds"  # noqa: S608
        " SELECT ledger_id, account_id, transaction_id, position, side,"
        " amount, amount, created_at, NULL, created_at FROM florin.entries"
        f" WHERE {_WALLET} AND version = 1",
    ),
    _hold("side", "side = 'CREDIT'", "open"),
    _hold("side", "position = 1", "open"),
    _hold("amount", "amount = amount + 1", "open"),
    _hold("created_at", "created_at = created_at + interval '1 microsecond'", "open"),
    _hold("expires_at", "expires_at = now()", "open"),
    _hold("resolved_at", "resolved_at = now()", "open"),
    _hold("resolved_at", "resolved_at = NULL", "voided"),
    _hold("captured", "captured = captured + 1", "captured"),
    _hold("captured", "captured = NULL", "captured"),
    _hold("captured", "captured = 1", "voided"),
    _hold("captured", "captured = 1", "expired"),
    Tampering("hold.captured", "captured", _set("holds", "captured = NULL", _of("captured"))),
]

ALL: Final = [*ENTRIES, *ACCOUNTS, *TRANSACTIONS, *HOLDS]
