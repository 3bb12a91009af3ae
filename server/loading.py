"""Loads users, accounts and transactions through the API, so that a second run changes nothing.

What is there already is left as it is: usernames and account codes that are taken, and
transactions whose idempotency keys are bound. Every other refusal ends the load.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Final, TypeAlias, TypeVar

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ledger.transactions import BATCH_MAX
from server.client import Client

# A GraphQL input object, in the API's own words.
Input: TypeAlias = Mapping[str, object]

# Mutations in one document, which are run in order: all that the demonstration's people need.
ALIASES_MAX: Final = 100
# Documents in flight, in no order: most of the time goes into waiting for commits.
DOCUMENTS_AT_ONCE: Final = 4

Item = TypeVar("Item")

_OUTCOME: Final = "fragment Outcome on Refusal { code message }"

_POST_TRANSACTIONS: Final = """
    mutation ($input: PostTransactionsInput!) {
        postTransactions(input: $input) {
            results {
                ... on PostTransactionSuccess { replayed }
                ... on Refusal { code message }
            }
        }
    }
"""


class LoadError(Exception):
    """Why a load could not be finished, and what to do about it; for people."""


class Posted(msgspec.Struct, frozen=True):
    """What became of transactions: how many there are, and how many had been there before."""

    transactions: int
    replayed: int
    seconds: float

    def __str__(self) -> str:
        a_second = round(self.transactions / max(self.seconds, 1e-9))
        return (
            f"{self.transactions:,} transactions in {self.seconds:.1f} s: {a_second:,} a second, "
            f"{self.replayed:,} of them replayed."
        )


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A bar for each thing that is loaded, gone when the block ends; silent but on a terminal."""
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield bars


async def create_users(client: Client, bars: Progress, users: Sequence[Input]) -> int:
    """Create users and return how many are new."""
    return await _each(
        client,
        users,
        bars=bars,
        noun="users",
        mutation="createUser",
        input_type="CreateUserInput",
        expected="USERNAME_TAKEN",
    )


async def open_accounts(client: Client, bars: Progress, accounts: Sequence[Input]) -> int:
    """Open accounts and return how many are new."""
    return await _each(
        client,
        accounts,
        bars=bars,
        noun="accounts",
        mutation="openAccount",
        input_type="OpenAccountInput",
        expected="ACCOUNT_CODE_TAKEN",
    )


async def post(
    client: Client, bars: Progress, transactions: Iterable[Input], *, total: int
) -> Posted:
    """Post transactions in order, in atomic batches as large as they may be."""
    task = bars.add_task("transactions", total=total)
    began = time.perf_counter()
    done = replayed = 0
    for batch in _batches(transactions, BATCH_MAX):
        data = await client.send(_POST_TRANSACTIONS, {"input": {"transactions": batch}})
        results = data["postTransactions"]["results"]
        _refuse_batch(batch, results)
        done += len(batch)
        replayed += sum(result["replayed"] for result in results)
        bars.update(task, completed=done)
    return Posted(done, replayed, time.perf_counter() - began)


def aliased(mutation: str, input_type: str, count: int, outcome: str) -> str:
    """A document that runs a mutation ``count`` times in order, with variables i0, i1 and so on.

    ``outcome`` is the fragment Outcome, which says what is to be told of each.
    """
    variables = ", ".join(f"$i{n}: {input_type}!" for n in range(count))
    fields = " ".join(f"m{n}: {mutation}(input: $i{n}) {{ ...Outcome }}" for n in range(count))
    return f"mutation ({variables}) {{ {fields} }} {outcome}"


def unbounded_account(code: str, name: str, *, currency: str, normal_side: str) -> Input:
    """An account of the house's own, that may hold anything."""
    return {
        "code": code,
        "name": name,
        "currency": currency,
        "normalSide": normal_side,
        "floor": None,
    }


def posting(*, debit: str, credit: str, amount: str) -> Input:
    """A movement between two accounts, named by their codes."""
    return {"debit": {"code": debit}, "credit": {"code": credit}, "amount": amount}


async def _each(
    client: Client,
    inputs: Sequence[Input],
    *,
    bars: Progress,
    noun: str,
    mutation: str,
    input_type: str,
    expected: str,
) -> int:
    """Run a mutation for each input and return for how many it was not refused as expected."""
    task = bars.add_task(noun, total=len(inputs))
    new = 0
    for batches in _batches(_batches(inputs, ALIASES_MAX), DOCUMENTS_AT_ONCE):
        answers = await asyncio.gather(
            *(
                client.send(
                    aliased(mutation, input_type, len(batch), _OUTCOME),
                    {f"i{n}": one for n, one in enumerate(batch)},
                )
                for batch in batches
            )
        )
        results = chain.from_iterable(data.values() for data in answers)
        for one, result in zip(chain.from_iterable(batches), results, strict=True):
            if "code" not in result:
                new += 1
            elif result["code"] != expected:
                raise _refused(f"{mutation} of {one.get('username', one.get('code'))}", result)
            bars.advance(task)
    return new


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _refuse_batch(batch: Sequence[Input], results: Sequence[Mapping[str, object]]) -> None:
    for one, result in zip(batch, results, strict=True):
        # The others of an atomic batch only say that this one was refused.
        if result.get("code", "BATCH_REFUSED") != "BATCH_REFUSED":
            raise _refused(f"postTransactions, {one['idempotencyKey']}", result)


def _refused(what: str, refusal: Mapping[str, object]) -> LoadError:
    return LoadError(f"{what} was refused: {refusal['code']}: {refusal['message']}")
