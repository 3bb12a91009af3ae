"""Reads the Berka bank data: four files, checked line by line before anything is loaded.

They come from the PKDD'99 Discovery Challenge: semicolon-separated, Latin-1, quoted text, one
header line. LoadError names the file, the line and what is wrong with it. Amounts are read as
exact decimals into whole minor units.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ledger import amounts
from server.loading import LoadError

CURRENCY: Final = "CZK"
EXPONENT: Final = 2

_CLIENT_COLUMNS: Final = ("client_id", "birth_number", "district_id")
_ACCOUNT_COLUMNS: Final = ("account_id", "district_id", "frequency", "date")
_DISPOSITION_COLUMNS: Final = ("disp_id", "client_id", "account_id", "type")
_MOVEMENT_COLUMNS: Final = (
    "trans_id",
    "account_id",
    "date",
    "type",
    "operation",
    "amount",
    "balance",
    "k_symbol",
    "bank",
    "account",
)
# PRIJEM is income; VYDAJ is expense, and VYBER, a withdrawal, is one by another name.
_CREDITS: Final = {"PRIJEM": True, "VYDAJ": False, "VYBER": False}
# Cash in and out, card, transfers in and out; none where it is the bank's own doing.
_OPERATIONS: Final = ("", "VKLAD", "VYBER", "VYBER KARTOU", "PREVOD Z UCTU", "PREVOD NA UCET")

Row = TypeVar("Row")


class BankClient(msgspec.Struct, frozen=True, gc=False):
    """A line of client.asc; the birth number is YYMMDD, its month 50 higher for women."""

    client_id: int
    birth_number: str
    district_id: int


class BankAccount(msgspec.Struct, frozen=True, gc=False):
    """A line of account.asc, and the client that disp.asc calls its owner."""

    account_id: int
    owner_id: int
    district_id: int
    frequency: str
    opened: date


class Movement(msgspec.Struct, frozen=True, gc=False):
    """A line of trans.asc; a text is empty where the bank left it so."""

    trans_id: int
    account_id: int
    date: date
    credits_customer: bool
    operation: str
    amount: int
    k_symbol: str
    bank: str
    account: str


class Bank(msgspec.Struct, frozen=True):
    """All that is loaded, in the files' order; clients are those that own an account."""

    clients: Sequence[BankClient]
    accounts: Sequence[BankAccount]
    movements: Sequence[Movement]


def read(folder: Path) -> Bank:
    """Read the folder's trans.asc, account.asc, client.asc and disp.asc; raises LoadError."""
    owners = dict(
        owner for owner in _lines(folder / "disp.asc", _DISPOSITION_COLUMNS, _owner) if owner
    )
    accounts = list(
        _lines(folder / "account.asc", _ACCOUNT_COLUMNS, lambda line: _account(line, owners))
    )
    owning = {account.owner_id for account in accounts}
    clients = [
        client
        for client in _lines(folder / "client.asc", _CLIENT_COLUMNS, _client)
        if client.client_id in owning
    ]
    missing = owning - {client.client_id for client in clients}
    if missing:
        raise LoadError(f"{folder / 'client.asc'} has no client {min(missing)}, who owns accounts.")
    known = {account.account_id for account in accounts}
    movements = list(
        _lines(folder / "trans.asc", _MOVEMENT_COLUMNS, lambda line: _movement(line, known))
    )
    return Bank(clients, accounts, movements)


def _lines(
    path: Path, columns: tuple[str, ...], convert: Callable[[Mapping[str, str]], Row]
) -> Iterator[Row]:
    try:
        with path.open(encoding="latin-1", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            header = next(reader, [])
            if header != list(columns):
                raise LoadError(
                    f"{path} begins with {';'.join(header)!r}, and not with {';'.join(columns)!r}."
                )
            for fields in filter(None, reader):
                try:
                    yield convert(_named(columns, fields))
                except ValueError as error:
                    raise LoadError(f"{path}, line {reader.line_num}: {error}.") from None
    except OSError as error:
        raise LoadError(
            f"{path} cannot be read: {error.strerror}. The folder should hold trans.asc, "
            "account.asc, client.asc and disp.asc."
        ) from None
    except csv.Error as error:
        raise LoadError(f"{path}, line {reader.line_num}: {error}.") from None


def _named(columns: tuple[str, ...], fields: list[str]) -> dict[str, str]:
    if len(fields) != len(columns):
        raise ValueError(f"it has {len(fields)} fields, not {len(columns)}")
    return dict(zip(columns, fields, strict=True))


def _owner(line: Mapping[str, str]) -> tuple[int, int] | None:
    """Account and client of an owner's line; None for somebody who may only use the account."""
    if line["type"] != "OWNER":
        return None
    return _number(line, "account_id"), _number(line, "client_id")


def _client(line: Mapping[str, str]) -> BankClient:
    return BankClient(
        client_id=_number(line, "client_id"),
        birth_number=line["birth_number"],
        district_id=_number(line, "district_id"),
    )


def _account(line: Mapping[str, str], owners: Mapping[int, int]) -> BankAccount:
    account_id = _number(line, "account_id")
    if account_id not in owners:
        raise ValueError(f"disp.asc has no owner for account {account_id}")
    return BankAccount(
        account_id=account_id,
        owner_id=owners[account_id],
        district_id=_number(line, "district_id"),
        frequency=line["frequency"],
        opened=_date(line["date"]),
    )


def _movement(line: Mapping[str, str], known: set[int]) -> Movement:
    account_id = _number(line, "account_id")
    if account_id not in known:
        raise ValueError(f"account.asc has no account {account_id}")
    if line["type"] not in _CREDITS:
        raise ValueError(f"type is {line['type']!r}, not one of {', '.join(_CREDITS)}")
    operation = line["operation"].strip()
    if operation not in _OPERATIONS:
        raise ValueError(f"there is no operation {operation!r}")
    return Movement(
        trans_id=_number(line, "trans_id"),
        account_id=account_id,
        date=_date(line["date"]),
        credits_customer=_CREDITS[line["type"]],
        operation=operation,
        amount=_amount(line["amount"]),
        k_symbol=line["k_symbol"].strip(),
        bank=line["bank"].strip(),
        # Where there is no other side, cash and card withdrawals have a zero here.
        account="" if line["account"] == "0" else line["account"],
    )


def _number(line: Mapping[str, str], column: str) -> int:
    text = line[column]
    if not text.isdecimal():
        raise ValueError(f"{column} is {text!r}, not a number")
    return int(text)


def _date(text: str) -> date:
    """YYMMDD; all of it happened in the twentieth century."""
    if len(text) != len("YYMMDD") or not text.isdecimal():
        raise ValueError(f"{text!r} is not a date as YYMMDD")
    return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _amount(text: str) -> int:
    parsed = amounts.parse(text)
    minor_units = None if parsed is None else parsed.minor_units(EXPONENT)
    if minor_units is None or minor_units <= 0:
        raise ValueError(f"{text!r} is not a positive amount with at most {EXPONENT} decimals")
    return minor_units
