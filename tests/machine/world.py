"""One ledger, behind the API and in the naive model: whatever is asked of one is asked of both."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import permutations
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from tests.ledger import random_asks
from tests.ledger.asks import Answer, Ask, Capture, Post, Reverse, Void
from tests.ledger.naive_model import DONE, NaiveLedger
from tests.ledger.random_asks import Known
from tests.machine import accounts, documents, results
from tests.machine.documents import Names
from tests.machine.environment import Environment
from tests.machine.results import Numbers

# What is to be captured, voided or reversed is drawn again so often where it cannot be.
TRIES = 3


class Item(NamedTuple):
    """What is sent as one request: an ask or a batch of them, and the number of the first."""

    asks: tuple[Ask, ...]
    first: int
    mutation: str
    atomic: bool = False

    @property
    def depth(self) -> int:
        """How deep an ask stands in the input."""
        return {"postTransactions": 3, "submitTransactions": 4}.get(self.mutation, 1)


class World:
    """A ledger, and how it should be."""

    def __init__(self, environment: Environment) -> None:
        """Begin with an empty ledger that has a few currencies."""
        self.environment = environment
        self.ledger_id = environment.new_ledger()
        self.model = NaiveLedger({})
        self.names = Names()
        self.users: set[str] = set()
        # What was asked; each ask's index is its number.
        self.asks: list[Ask] = []
        # How far beyond its limits an account may have been when they were last moved.
        self.extremes: dict[str, tuple[Fraction, Fraction]] = {}
        # Description and metadata of a transaction that were changed, by its number.
        self.described: dict[int, tuple[str, dict[str, object]]] = {}
        # Whether what was done last has changed anything.
        self.has_written = True
        self._numbers = Numbers(self.names)
        for code, exponent in accounts.CURRENCIES.items():
            self.send(documents.CREATE_CURRENCY, code=code, exponent=exponent)

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.environment.now

    def pass_time(self, seconds: int) -> None:
        """Turn the clock on."""
        self.environment.turn_clock(self.now + timedelta(seconds=seconds))

    def query(self, document: str, **variables: object) -> dict[str, Any]:
        """The answer to a document."""
        work = self.environment.send(self.ledger_id, document, variables)
        return self.environment.run(work)

    def send(self, mutation: str, **wanted: object) -> Any:  # noqa: ANN401
        """The result of a mutation, which is a document's only field."""
        (result,) = self.query(mutation, input=wanted).values()
        return result

    def next_asks(self, random: Random, count: int) -> tuple[Ask, ...]:
        """So many more, none of which is asked yet."""
        known = [
            Known(account.code, name, account.currency)
            for name, account in self.model.accounts.items()
            if not isinstance(name, str) and name is not None
        ]
        first = len(self.asks)
        for _ in range(count):
            ask = random_asks.next_ask(random, known, self.asks, self.now)
            for _ in range(TRIES):
                if random.random() < 0.2 or self._is_promising(ask, first):
                    break
                ask = random_asks.next_ask(random, known, self.asks, self.now)
            self.asks.append(self._sendable(ask))
        return tuple(self.asks[first:])

    def carry_out(self, items: Sequence[Item]) -> None:
        """Send these at once; the model must be able to do the same in some order."""
        answered = self.environment.run(self._sent(items))
        for item, its_results in zip(items, answered, strict=True):
            for i, (ask, result) in enumerate(zip(item.asks, its_results, strict=True)):
                self._numbers.learn(item.first + i, ask, result)
        told = [
            [
                self._numbers.answer(ask, result, item.depth)
                for ask, result in zip(item.asks, its_results, strict=True)
            ]
            for item, its_results in zip(items, answered, strict=True)
        ]
        self._follow(items, told)
        self.has_written = any(self._tallied(told))
        for item, its_results in zip(items, answered, strict=True):
            for ask, result in zip(item.asks, its_results, strict=True):
                if "transaction" in result:
                    self._assert_shown(ask, result, is_alone=len(items) == 1)

    def _is_promising(self, ask: Ask, first: int) -> bool:
        """Whether what it names is there and as it should be, or is asked for since a number."""
        if isinstance(ask, Post) or ask.transaction in {one.key for one in self.asks[first:]}:
            return True
        deed = self.model.deed(ask.transaction)
        wanted = "POSTED" if isinstance(ask, Reverse) else "PENDING"
        return deed is not None and deed.state(self.now) == wanted

    def _sendable(self, ask: Ask) -> Ask:
        """An ask that names no transaction by an id that nobody can know yet."""
        if isinstance(ask, Post) or not isinstance(ask.transaction, UUID):
            return ask
        number = ask.transaction.int
        if number in self.names.transactions or number >= len(self.asks):
            return ask
        return ask._replace(transaction=self.asks[number].key)

    async def _sent(self, items: Sequence[Item]) -> list[list[dict[str, Any]]]:
        return list(await asyncio.gather(*(self._sent_one(item) for item in items)))

    async def _sent_one(self, item: Item) -> list[dict[str, Any]]:
        inputs = [self.names.input(ask) for ask in item.asks]
        wanted: dict[str, Any]
        if item.mutation == "submitTransactions":
            kinds = [documents.ITEM[type(ask)] for ask in item.asks]
            one_of = [{kind: it} for kind, it in zip(kinds, inputs, strict=True)]
            wanted = {"items": one_of, "atomic": item.atomic}
        elif item.mutation == "postTransactions":
            wanted = {"transactions": inputs, "atomic": item.atomic}
        else:
            (wanted,) = inputs
        document = documents.MUTATIONS[item.mutation]
        data = await self.environment.send(self.ledger_id, document, {"input": wanted})
        result = data[item.mutation]
        if item.depth == 1:
            return [result]
        is_done = ["transaction" in one for one in result["results"]]
        assert result["committed"] == any(is_done)
        return list(result["results"])

    def _follow(self, items: Sequence[Item], told: list[list[Answer]]) -> None:
        """Do the same in the model: in whichever order it gives these answers."""
        tried = []
        for order in permutations(range(len(items))):
            trial = self.model.copied()
            answers: dict[int, list[Answer]] = {}
            for n in order:
                answers[n] = [self._numbers.told(it) for it in self._decided(trial, items[n])]
            tried.append([answers[n] for n in range(len(items))])
            if tried[-1] == told:
                self.model.become(trial)
                return
        raise AssertionError(f"The API answers {told}, the model {tried[0]}, to {items}.")

    def _decided(self, model: NaiveLedger, item: Item) -> list[Answer]:
        if item.atomic and item.depth > 1:
            return model.decide_together(item.asks, self.now, item.first)
        numbered = enumerate(item.asks, start=item.first)
        return [model.decide(ask, self.now, number) for number, ask in numbered]

    def _tallied(self, told: list[list[Answer]]) -> list[bool]:
        """Count the outcomes, and say which have written something."""
        tally = self.environment.tally
        kinds = [answer for answers in told for answer in answers]
        tally.update(kind for kind, _ in kinds)
        tally.update(f"{kind} {field}" for kind, field in kinds if kind == "IDEMPOTENCY_CONFLICT")
        return [kind in DONE - {"REPLAYED"} for kind, _ in kinds]

    def _assert_shown(self, ask: Ask, result: Mapping[str, Any], *, is_alone: bool) -> None:
        """What is answered is as the model has it; of several at once, what is read afterwards."""
        _, deed = self.model.bound[ask.key]
        shown = result["transaction"]
        if not is_alone:
            shown = self.query(documents.TRANSACTION, by={"id": shown["id"]})["transaction"]
        results.date(deed, shown, self.now)
        results.assert_shown(deed, shown, self.model, self.names, self.now)


def single(ask: Ask, number: int) -> Item:
    """An ask by itself."""
    return Item((ask,), number, documents.SINGLE[type(ask)])


def batch(random: Random, asks: tuple[Ask, ...], first: int) -> Item:
    """Several, all or nothing or each for itself."""
    names = ["submitTransactions"]
    if all(isinstance(ask, Post) for ask in asks):
        names.append("postTransactions")
    return Item(asks, first, random.choice(names), random.random() < 0.5)


def clash(one: Ask, other: Ask) -> bool:
    """Whether two requests at once would bind one key in two ways that do not see each other."""
    ends = Capture | Void
    return one.key == other.key and isinstance(one, ends) != isinstance(other, ends)
