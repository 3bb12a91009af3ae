"""Whose actions did what of a decision: all of it one's, or of a group each its own."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from db.actions import Action
from ledger.posting import Decision, Posted, Resolved

# One that all requests are part of, or one for each request, in their order.
By: TypeAlias = Action | Sequence[Action]


class Authors(msgspec.Struct, frozen=True, gc=False):
    """The actions to be written, in the order of their requests; there is at least one.

    ``created`` and ``resolved`` say by transaction which of them recorded and which resolved it;
    both are empty where it is the same for all.
    """

    done: Sequence[Action]
    created: dict[UUID, UUID]
    resolved: dict[UUID, UUID]


def of(decision: Decision, by: By) -> Authors:
    """Those whose requests changed something: what is refused or replayed was done by nobody."""
    if isinstance(by, Action):
        return Authors([by], {}, {})
    done: list[Action] = []
    created: dict[UUID, UUID] = {}
    resolved: dict[UUID, UUID] = {}
    for outcome, action in zip(decision.outcomes, by, strict=True):
        if isinstance(outcome, Posted | Resolved):
            done.append(action)
            became = created if isinstance(outcome, Posted) else resolved
            became[outcome.recorded.transaction_id] = action.action_id
    return Authors(done, created, resolved) if len(done) > 1 else Authors(done, {}, {})
