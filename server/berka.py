"""``florin demo --berka``: real bank movements, loaded through the API and read back again.

Every account of account.asc becomes an account on the credit side (the bank owes it to its
customer), unbounded, because within a day the file's order is not the bank's. The bank's own
accounts are the other side of each movement:

====================================  ====================  ======  ===============================
operation, k_symbol                   account               side    what it is
====================================  ====================  ======  ===============================
none (always UROK)                    berka:interest        DEBIT   interest paid to customers
VYBER, SLUZBY                         berka:fees            CREDIT  fees for keeping accounts
VYBER, SANKC. UROK                    berka:penalties       CREDIT  penalty interest on overdrafts
VKLAD; VYBER with any other k_symbol  berka:cash            DEBIT   cash at the counter
VYBER KARTOU                          berka:cards           CREDIT  due to the card schemes
PREVOD NA UCET, UVER                  berka:loans           DEBIT   repaid loans; that they were
                                                                    granted is not in the data, so
                                                                    its balance is below zero
PREVOD Z UCTU; PREVOD NA UCET         berka:other-banks     DEBIT   held at other banks
====================================  ====================  ======  ===============================

PRIJEM debits one of these and credits the customer; VYDAJ and VYBER do the reverse.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from ledger import amounts
from server import berka_files, loading
from server.berka_files import CURRENCY, EXPONENT, Bank, BankAccount, BankClient, Movement
from server.client import Client
from server.loading import Input, LoadError, unbounded_account

EXAMPLES: Final[tuple[str, ...]] = (
    """{ account(by: { code: "berka:account:100" }) { owner { username metadata }
    balance { posted } entries(first: 5) { nodes { side amount balanceAfter } } } }""",
    """{ transaction(by: { idempotencyKey: "berka:695247" }) {
    description metadata postings { amount debit { code } credit { code } } } }""",
    """{ account(by: { code: "berka:account:100" }) {
    statement(from: "1997-10-01T00:00:00Z", to: "1997-11-01T00:00:00Z") {
    opening credits debits closing entries { nodes { effectiveAt side amount } } } } }""",
    "{ ledger { trialBalance { currency { code } debits credits balanced } } }",
)

_PREFIX: Final = "berka:account:"
# Code, name and normal side of the bank's own accounts.
_OWN_ACCOUNTS: Final = (
    ("berka:cash", "Cash", "DEBIT"),
    ("berka:other-banks", "Other banks", "DEBIT"),
    ("berka:cards", "Card schemes", "CREDIT"),
    ("berka:loans", "Loans", "DEBIT"),
    ("berka:interest", "Interest paid", "DEBIT"),
    ("berka:fees", "Fees", "CREDIT"),
    ("berka:penalties", "Penalty interest", "CREDIT"),
)
# Counter-account and description, by operation and k_symbol; where that pair is not listed, by
# operation alone.
_KINDS: Final = {
    ("", ""): ("berka:interest", "Interest"),
    ("VKLAD", ""): ("berka:cash", "Cash deposit"),
    ("VYBER", ""): ("berka:cash", "Cash withdrawal"),
    ("VYBER", "SLUZBY"): ("berka:fees", "Account fee"),
    ("VYBER", "SANKC. UROK"): ("berka:penalties", "Penalty interest"),
    ("VYBER KARTOU", ""): ("berka:cards", "Card withdrawal"),
    ("PREVOD Z UCTU", ""): ("berka:other-banks", "Transfer from another bank"),
    ("PREVOD NA UCET", ""): ("berka:other-banks", "Transfer to another bank"),
    ("PREVOD NA UCET", "UVER"): ("berka:loans", "Loan payment"),
}
_PURPOSES: Final = {"SIPO": "household", "DUCHOD": "pension", "POJISTNE": "insurance"}

_CUSTOMERS: Final = """
    query ($prefix: String!, $after: String) {
        accounts(filter: { codePrefix: $prefix }, first: 1000, after: $after) {
            nodes { code version balance { posted debits credits } }
            pageInfo { hasNextPage endCursor }
        }
    }
"""
_TRIAL_BALANCE: Final = """
    { ledger { trialBalance { currency { code } debits credits balanced } } }
"""


class Totals(msgspec.Struct, frozen=True, gc=False):
    """What was moved, and what is left, in minor units."""

    movements: int = 0
    credits: int = 0
    debits: int = 0
    balance: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.movements + other.movements,
            self.credits + other.credits,
            self.debits + other.debits,
            self.balance + other.balance,
        )


async def load(client: Client, console: Console, folder: Path) -> None:
    """Load the folder's movements, then compare every customer's account with the files.

    Raises LoadError where a file cannot be used (nothing is loaded then), where the API refuses
    something, and where the ledger differs from the files.
    """
    bank = berka_files.read(folder)
    with loading.progress(console) as bars:
        users = await loading.create_users(client, bars, [_user(one) for one in bank.clients])
        opened = [*_own_accounts(), *(_account(one) for one in bank.accounts)]
        accounts = await loading.open_accounts(client, bars, opened)
        transactions = (_transaction(one) for one in bank.movements)
        posted = await loading.post(client, bars, transactions, total=len(bank.movements))
    console.print(
        f"{len(bank.clients):,} users, {users:,} of them new; {len(opened):,} accounts in "
        f"{CURRENCY}, {accounts:,} of them new.",
        highlight=False,
    )
    console.print(str(posted), highlight=False)
    await _verify(client, console, _totals(bank))


def _user(client: BankClient) -> Input:
    return {
        "username": f"client-{client.client_id}",
        "email": f"client-{client.client_id}@berka.example",
        "metadata": {"birth_number": client.birth_number, "district": client.district_id},
    }


def _own_accounts() -> list[Input]:
    return [
        unbounded_account(code, name, currency=CURRENCY, normal_side=side)
        for code, name, side in _OWN_ACCOUNTS
    ]


def _account(account: BankAccount) -> Input:
    return {
        **unbounded_account(
            _code(account.account_id),
            f"Account {account.account_id}",
            currency=CURRENCY,
            normal_side="CREDIT",
        ),
        "owner": {"username": f"client-{account.owner_id}"},
        "metadata": {
            "district": account.district_id,
            "frequency": account.frequency,
            "opened": account.opened.isoformat(),
        },
    }


def kind(movement: Movement) -> tuple[str, str]:
    """The bank's own account on the other side of a movement, and what the movement is called."""
    listed = _KINDS.get((movement.operation, movement.k_symbol))
    return listed or _KINDS[movement.operation, ""]


def _transaction(movement: Movement) -> Input:
    counter_account, description = kind(movement)
    if movement.k_symbol in _PURPOSES:
        description = f"{description}: {_PURPOSES[movement.k_symbol]}"
    customer = _code(movement.account_id)
    debit, credit = (
        (counter_account, customer) if movement.credits_customer else (customer, counter_account)
    )
    metadata = {
        "date": movement.date.isoformat(),
        "operation": movement.operation,
        "k_symbol": movement.k_symbol,
        "bank": movement.bank,
        "account": movement.account,
    }
    amount = amounts.render(movement.amount, EXPONENT)
    return {
        "idempotencyKey": f"berka:{movement.trans_id}",
        "postings": [loading.posting(debit=debit, credit=credit, amount=amount)],
        # Recorded today, and in effect on the bank's own day.
        "effectiveAt": f"{movement.date.isoformat()}T00:00:00Z",
        "description": description,
        "metadata": {name: text for name, text in metadata.items() if text},
    }


def _code(account_id: int) -> str:
    return f"{_PREFIX}{account_id}"


def _totals(bank: Bank) -> dict[str, Totals]:
    """By account code, what the files say."""
    totals = {_code(account.account_id): Totals() for account in bank.accounts}
    for movement in bank.movements:
        amount = movement.amount
        totals[_code(movement.account_id)] += (
            Totals(1, credits=amount, balance=amount)
            if movement.credits_customer
            else Totals(1, debits=amount, balance=-amount)
        )
    return totals


async def _verify(client: Client, console: Console, expected: Mapping[str, Totals]) -> None:
    found = {code: totals async for code, totals in _read_back(client)}
    console.print(_comparison(expected, found))
    lines = (await client.send(_TRIAL_BALANCE, {}))["ledger"]["trialBalance"]
    for line in lines:
        if line["currency"]["code"] == CURRENCY:
            console.print(
                f"Trial balance in {CURRENCY}: debits {_grouped(line['debits'])}, "
                f"credits {_grouped(line['credits'])}.",
                highlight=False,
            )
    different = [code for code, totals in expected.items() if found.get(code) != totals]
    if different:
        raise LoadError(
            f"Accounts that differ from the files: {len(different):,}, the first of them "
            f"{different[0]}. They do, too, where other transactions moved them."
        )
    if not all(line["balanced"] for line in lines):
        raise LoadError("The trial balance does not balance: the database was tampered with.")
    console.print(f"All {len(expected):,} accounts agree with the files.", highlight=False)


async def _read_back(client: Client) -> AsyncIterator[tuple[str, Totals]]:
    """Each customer's account as the API shows it."""
    after: str | None = None
    more = True
    while more:
        page = (await client.send(_CUSTOMERS, {"prefix": _PREFIX, "after": after}))["accounts"]
        for account in page["nodes"]:
            balance = account["balance"]
            yield (
                account["code"],
                Totals(
                    movements=int(account["version"]),
                    credits=_minor(balance["credits"]),
                    debits=_minor(balance["debits"]),
                    balance=_minor(balance["posted"]),
                ),
            )
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]


def _comparison(expected: Mapping[str, Totals], found: Mapping[str, Totals]) -> Table:
    table = Table("customers' accounts", title_justify="left")
    for source in ("in the files", "in the ledger"):
        table.add_column(source, justify="right")
    for figures in zip(_figures(expected), _figures(found), strict=True):
        (name, in_files), (_, in_ledger) = figures
        table.add_row(name, in_files, in_ledger)
    return table


def _figures(by_code: Mapping[str, Totals]) -> list[tuple[str, str]]:
    total = sum(by_code.values(), start=Totals())
    balances = [totals.balance for totals in by_code.values()]
    money = {
        "credits": total.credits,
        "debits": total.debits,
        "balances": total.balance,
        "lowest balance": min(balances, default=0),
    }
    counts = {
        "movements": total.movements,
        "below zero": sum(balance < 0 for balance in balances),
    }
    return [
        *((name, f"{count:,}") for name, count in counts.items()),
        *((name, _grouped(amounts.render(amount, EXPONENT))) for name, amount in money.items()),
    ]


def _minor(text: str) -> int:
    parsed = amounts.parse(text)
    assert parsed is not None
    minor_units = parsed.minor_units(EXPONENT)
    assert minor_units is not None
    return minor_units


def _grouped(amount: str) -> str:
    """With commas between thousands; Decimal keeps every digit."""
    return f"{Decimal(amount):,}"
