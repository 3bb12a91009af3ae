"""Amounts are exact: decimal strings in major units outside, whole minor units inside.

A currency's exponent says how many decimals its major unit has (ISO 4217: USD 2, JPY 0, BHD 3).
Nothing here rounds, and nothing passes through a float or through ``decimal``'s context, whose
default precision of 28 digits is less than the 38 that an amount may have.
"""

from typing import Final

import msgspec

# numeric(38, 0), the widest exact number that the common databases share.
DIGITS_MAX: Final = 38
MINOR_UNITS_MAX: Final = 10**DIGITS_MAX - 1

# Long enough for every amount that could be valid; short enough never to be slow.
_TEXT_MAX: Final = 80


class Amount(msgspec.Struct, frozen=True, gc=False):
    """A well-formed decimal: ``digits`` times ten to the power of ``-decimals``, as written."""

    digits: int
    decimals: int

    def minor_units(self, exponent: int) -> int | None:
        """The amount in a currency's minor units; None if it has more decimals than that."""
        if self.decimals > exponent:
            return None
        return int(self.digits * 10 ** (exponent - self.decimals))


def parse(text: str) -> Amount | None:
    """Read a plain decimal such as ``12.30`` or ``-5``; None for anything else.

    Exponents, signs other than a leading minus, spaces, separators, ``NaN`` and ``Infinity`` are
    not amounts.
    """
    if len(text) > _TEXT_MAX or not text.isascii():
        return None
    whole, point, fraction = text.removeprefix("-").partition(".")
    if not whole.isdigit() or (point and not fraction.isdigit()):
        return None
    digits = int(whole + fraction)
    return Amount(-digits if text[0] == "-" else digits, len(fraction))


def render(minor_units: int, exponent: int) -> str:
    """The exact decimal string in major units, always with the currency's number of decimals."""
    if exponent == 0:
        return str(minor_units)
    sign = "-" if minor_units < 0 else ""
    digits = str(abs(minor_units)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"
