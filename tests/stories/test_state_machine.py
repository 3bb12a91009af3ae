"""The whole API and the naive model of the rules live through the same random history.

Hypothesis puts histories together and shrinks those that fail; every step draws one number, which
seeds whatever is random in it. The database's clock is turned by hand, so that holds expire when a
history says, to the microsecond. ``FLORIN_STATE_MACHINE_STEPS`` is how many steps are run.
"""

import asyncio
import os
from collections import Counter
from random import Random
from typing import ClassVar, Final, get_args

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ledger.refusals import CurrencyTaken, EmailTaken, Refusal
from tests.integrity import assert_sound
from tests.ledger.naive_model import DONE
from tests.machine import happenings
from tests.machine.checks import Checks
from tests.machine.environment import Environment, environment
from tests.machine.world import Item, World, batch, clash, single

STEPS: Final = int(os.environ.get("FLORIN_STATE_MACHINE_STEPS", "20000"))
# A longer history has more to go wrong in it, and more to be looked through when it does.
STEPS_EACH: Final = 100
# Hypothesis draws from a range of this size evenly; from a larger one it likes small numbers best.
seeds = st.integers(0, 2**24 - 1)
FIELDS: Final = [
    *("operation", "transaction", "amounts", "amounts.0", "postings", "postings.0.debit"),
    *("postings.0.credit", "postings.0.amount", "pending", "expiresAt", "effectiveAt"),
    *("description", "metadata"),
]
# No part of this: they have nothing to do with money, or with anything that moves.
ELSEWHERE: Final = {CurrencyTaken, EmailTaken}
# All the rules, all the outcomes: each of these happens in so many steps, and the rarest five times
# as often.
SELDOM: Final = 20_000
EVERYTHING: Final = [
    *("asked alone", "asked in a batch", "asked at once", "time passed", "changed", "described"),
    *("looked back", "swept", "updateAccount", "freezeAccount", "unfreezeAccount", "closeAccount"),
    *("OPENED", "CREATED", "CHANGED", *sorted(DONE)),
    *(refusal.code for refusal in get_args(Refusal) if refusal not in ELSEWHERE),
    *(f"IDEMPOTENCY_CONFLICT {field}" for field in FIELDS),
]


class Life(RuleBasedStateMachine):
    """A ledger's life; subclassed with the environment that it is lived in."""

    environment: ClassVar[Environment]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.environment)
        self.checks = Checks(self.world)
        self.steps = 0
        self.is_well = True

    @initialize(seed=seeds)
    def accounts_are_opened(self, seed: int) -> None:
        happenings.open_first_accounts(self.world, self._random(seed))

    @rule(seed=seeds)
    def something_is_asked(self, seed: int) -> None:
        self._did("asked alone")
        (ask,) = self.world.next_asks(self._random(seed), 1)
        self.world.carry_out([single(ask, len(self.world.asks) - 1)])

    @rule(seed=seeds)
    def something_else_is_asked(self, seed: int) -> None:
        self.something_is_asked(seed)

    @rule(seed=seeds)
    def a_batch_is_asked(self, seed: int) -> None:
        self._did("asked in a batch")
        random = self._random(seed)
        self.world.carry_out([self._item(random, random.randint(2, 6))])

    @rule(seed=seeds)
    def several_ask_at_once(self, seed: int) -> None:
        self._did("asked at once")
        random = self._random(seed)
        items: list[Item] = []
        for _ in range(random.randint(2, 4)):
            item = self._item(random, random.choice([1, 1, 1, 2, 3]))
            asked = [ask for other in items for ask in other.asks]
            if not any(clash(one, two) for one in item.asks for two in asked):
                items.append(item)
        self.world.carry_out(items)

    @rule(seed=seeds)
    def time_passes(self, seed: int) -> None:
        self._did("time passed")
        happenings.pass_time(self.world, self._random(seed))

    @rule(seed=seeds)
    def an_account_is_opened_or_changed(self, seed: int) -> None:
        self._did("changed")
        random = self._random(seed)
        happen = random.choice([happenings.change, happenings.change, happenings.other])
        happen(self.world, random)

    @rule(seed=seeds)
    def a_transaction_is_described(self, seed: int) -> None:
        self._did("described")
        happenings.describe(self.world, self._random(seed))

    @rule(seed=seeds)
    def somebody_looks_back(self, seed: int) -> None:
        self._did("looked back")
        self.world.has_written = False
        self.checks.balances_of_then(self._random(seed))

    @invariant()
    def all_is_well(self) -> None:
        self.checks.all_is_well()
        self.is_well = True

    def teardown(self) -> None:
        # A history that failed has said so already.
        if self.is_well:
            self.checks.all_was_well()

    def _item(self, random: Random, count: int) -> Item:
        first = len(self.world.asks)
        asks = self.world.next_asks(random, count)
        return batch(random, asks, first) if count > 1 else single(asks[0], first)

    def _random(self, seed: int) -> Random:
        """What seeds a step is its place, too: Hypothesis likes to draw a number twice."""
        return Random(f"{self.steps} {seed}")  # noqa: S311 - nothing here is secret

    def _did(self, what: str) -> None:
        self.is_well = False
        self.steps += 1
        self.world.pass_time(1)
        self.environment.tally.update(["step", what])


async def test_the_api_the_tables_and_the_model_agree_after_every_step(database_url: str) -> None:
    # In a thread: the machine is not asynchronous, and has a loop of its own.
    tally = await asyncio.to_thread(_lived, database_url)
    await assert_sound(database_url)
    assert tally["step"] >= STEPS, tally["step"]
    seldom = {what: tally[what] for what in EVERYTHING if tally[what] < STEPS // SELDOM}
    assert not seldom, f"Of everything that can happen these happened seldom or never: {seldom}"


def _lived(database_url: str) -> Counter[str]:
    """Live through as many histories as it takes, and say what has happened how often."""
    with environment(database_url) as lived_in:

        class LifeHere(Life):
            environment = lived_in

        run_state_machine_as_test(
            LifeHere,
            settings=settings(
                # Histories are up to a tenth shorter than they may be.
                max_examples=STEPS // (STEPS_EACH * 9 // 10) + 1,
                stateful_step_count=STEPS_EACH,
                deadline=None,
                database=None,
                # Without explaining, which traces every line that is run, ten times as slowly.
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
        return lived_in.tally
