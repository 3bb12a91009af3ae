"""Amounts that are numbers, or that follow from a request's variables once those are known."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

# Beyond this it makes no difference, and what JSON's readers take for a number ends somewhere.
AMOUNT_MAX: Final = 10**12


class Given(NamedTuple):
    """A request's variables, right or wrong, and what was already counted in them."""

    variables: Mapping[str, object]
    counted: dict[int, tuple[int, int]]


Amount: TypeAlias = int | Callable[[Given], int]


def total(parts: Iterable[Amount]) -> Amount:
    """Their sum; a number where all of them are."""
    constant = 0
    varying: list[Callable[[Given], int]] = []
    for part in parts:
        if isinstance(part, int):
            constant += part
        else:
            varying.append(part)
    constant = min(constant, AMOUNT_MAX)
    if not varying:
        return constant
    return lambda given: min(constant + sum(part(given) for part in varying), AMOUNT_MAX)


def product(first: Amount, second: Amount) -> Amount:
    """The one times the other; a number where both are."""
    if isinstance(first, int) and isinstance(second, int):
        return min(first * second, AMOUNT_MAX)
    return lambda given: min(value(first, given) * value(second, given), AMOUNT_MAX)


def value(amount: Amount, given: Given) -> int:
    """The number that an amount is with these variables."""
    return amount if isinstance(amount, int) else amount(given)
