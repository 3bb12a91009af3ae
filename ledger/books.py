"""An account while a batch is being decided."""

import msgspec

from ledger import amounts
from ledger.accounts import Account, Side, balance, expected, reserved
from ledger.records import Entry, Record


class Book(msgspec.Struct, gc=False):
    """An account's counters as the requests before have left them. Amounts are minor units.

    ``debits_expired`` and ``credits_expired`` are the part of the pending counters whose holds have
    expired, though nobody has swept them yet: they are still counted, and reserve nothing.
    """

    account: Account
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    # Posted on the normal side less posted on the other.
    balance: int
    debits_expired: int = 0
    credits_expired: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was posted, held or released."""
        return self.version != self.account.version or self.pending_changed

    @property
    def pending_changed(self) -> bool:
        """Whether anything was held or released."""
        account = self.account
        return (
            self.debits_pending != account.debits_pending
            or self.credits_pending != account.credits_pending
        )

    @property
    def available(self) -> int:
        """The balance less what pending transactions may still take away."""
        return self.balance - reserved(
            self.account.normal_side,
            debits_pending=self.debits_pending - self.debits_expired,
            credits_pending=self.credits_pending - self.credits_expired,
        )

    @property
    def foreseeable(self) -> int:
        """The balance and what pending transactions may still bring."""
        return self.balance + expected(
            self.account.normal_side,
            debits_pending=self.debits_pending - self.debits_expired,
            credits_pending=self.credits_pending - self.credits_expired,
        )

    def post(self, side: Side, amount: int, record: Record, position: int) -> Entry:
        """Enter an amount on one side; each entry is the account's next version."""
        account = self.account
        if side == "DEBIT":
            self.debits_posted += amount
        else:
            self.credits_posted += amount
        self.balance += amount if side == account.normal_side else -amount
        self.version += 1
        return Entry(
            account.account_id,
            self.version,
            record.transaction_id,
            position,
            side,
            amount,
            self.balance,
            self.debits_posted,
            record.effective_at,
        )

    def hold(self, side: Side, amount: int) -> None:
        """Reserve an amount on one side; a negative one is released again."""
        if side == "DEBIT":
            self.debits_pending += amount
        else:
            self.credits_pending += amount

    def render(self, minor_units: int) -> str:
        """An amount of this account's currency, for people."""
        return amounts.render(minor_units, self.account.exponent)


def opened(account: Account) -> Book:
    """A book where the account stands."""
    return Book(
        account,
        account.debits_posted,
        account.credits_posted,
        account.debits_pending,
        account.credits_pending,
        account.version,
        balance(account.normal_side, debits=account.debits_posted, credits=account.credits_posted),
    )
