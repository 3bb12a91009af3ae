"""Amounts are exact: whatever goes in comes out, and whatever is not plain does not go in."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import amounts
from ledger.amounts import DIGITS_MAX, MINOR_UNITS_MAX, Amount

EXPONENTS = range(31)
EDGES = sorted({edge for n in range(DIGITS_MAX + 1) for edge in (10**n - 1, 10**n)})[:-1]

exponents = st.integers(min_value=0, max_value=30)
# Every number of digits is as likely as every other; plain integers are mostly long.
counts = st.integers(min_value=0, max_value=DIGITS_MAX).flatmap(
    lambda digits: st.integers(min_value=-(10**digits) + 1, max_value=10**digits - 1)
)
plain = st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True, alphabet=st.characters())


@given(counts, exponents)
def test_a_rendered_amount_parses_to_the_same_minor_units(count: int, exponent: int) -> None:
    parsed = amounts.parse(amounts.render(count, exponent))
    assert parsed is not None
    assert parsed.minor_units(exponent) == count


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_round_trip_holds_at_every_number_of_digits(exponent: int) -> None:
    assert EDGES[-1] == MINOR_UNITS_MAX
    for edge in EDGES:
        for count in (edge, -edge):
            parsed = amounts.parse(amounts.render(count, exponent))
            assert parsed is not None
            assert parsed.minor_units(exponent) == count


@given(counts, exponents)
def test_render_never_rounds(count: int, exponent: int) -> None:
    assert Fraction(amounts.render(count, exponent)) == Fraction(count, 10**exponent)


@given(counts, exponents)
def test_render_always_shows_the_currencys_number_of_decimals(count: int, exponent: int) -> None:
    whole, dot, decimals = amounts.render(count, exponent).partition(".")
    assert len(decimals) == exponent
    assert bool(dot) == (exponent > 0)
    assert whole == "0" or not whole.lstrip("-").startswith("0") or whole == "-0"


@pytest.mark.parametrize(
    ("count", "exponent", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (1, 2, "0.01"),
        (-5, 2, "-0.05"),
        (1230, 2, "12.30"),
        (-1230, 3, "-1.230"),
        (500, 0, "500"),
        (1, 30, "0.000000000000000000000000000001"),
        (MINOR_UNITS_MAX, 2, "999999999999999999999999999999999999.99"),
        (-MINOR_UNITS_MAX, 0, "-99999999999999999999999999999999999999"),
    ],
)
def test_render_writes_major_units(count: int, exponent: int, text: str) -> None:
    assert amounts.render(count, exponent) == text


@given(plain)
def test_a_plain_decimal_is_kept_as_it_was_written(text: str) -> None:
    amount = amounts.parse(text)
    assert amount is not None
    assert Fraction(amount.digits, 10**amount.decimals) == Fraction(text)
    assert amount.decimals == len(text.partition(".")[2])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.30", Amount(1230, 2)),
        ("-5", Amount(-5, 0)),
        ("007", Amount(7, 0)),
        ("0.010", Amount(10, 3)),
        ("-0.5", Amount(-5, 1)),
        ("-0", Amount(0, 0)),
    ],
)
def test_parse_reads_digits_and_decimals(text: str, amount: Amount) -> None:
    assert amounts.parse(text) == amount


@given(plain, exponents)
def test_an_amount_with_more_decimals_than_its_currency_has_no_minor_units(
    text: str, exponent: int
) -> None:
    amount = amounts.parse(text)
    assert amount is not None
    expected = Fraction(text) * 10**exponent if amount.decimals <= exponent else None
    assert amount.minor_units(exponent) == expected


def test_a_zero_too_many_is_a_decimal_too_many() -> None:
    amount = amounts.parse("1.000")
    assert amount is not None
    assert amount.minor_units(3) == 1000
    assert amount.minor_units(2) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", ".", "-.", "NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "null"),
        *("1e400", "1E2", "1e-2", "0x10", "0b1", "1/3", "1j", "True"),
        *("+1", "--1", "-+1", "1-", "- 1"),
        *(" 1", "1 ", "\t1", "1\n", "1\r\n", "1\x00", "1\u00a0", "\ufeff1", "1\u200b"),
        *("1_000", "1,000", "1 000", "1'000", "1,5", "1.2.3", "1..2"),
        *(".5", "5.", "-.5", "5.\n"),
        *("１２", "٣", "१", "²", "½", "Ⅷ", "一", "−1", "1．5", "\U0001d7d9"),  # noqa: RUF001 - on purpose
        *("$1", "1 USD", "USD1", "€5", "\ud800"),
    ],
)
def test_parse_refuses_everything_but_plain_ascii_decimals(text: str) -> None:
    assert amounts.parse(text) is None


@given(st.text() | st.text(alphabet="0123456789.-+eE_ ,\n٣１", max_size=8))  # noqa: RUF001 - on purpose
def test_whatever_parses_is_made_of_ascii_digits_a_dot_and_a_minus(text: str) -> None:
    digits = set("0123456789")
    whole, dot, decimals = text.removeprefix("-").partition(".")
    is_plain = bool(whole) and set(whole + decimals) <= digits and bool(dot) == bool(decimals)
    assert (amounts.parse(text) is not None) == (is_plain and len(text) <= 80)


@pytest.mark.parametrize("text", ["1" * 10_000, "0" * 10_000, "0." + "0" * 10_000, "-" * 10_000])
def test_parse_refuses_ten_thousand_characters(text: str) -> None:
    # More than 4,300 digits would make int() raise.
    assert amounts.parse(text) is None


def test_every_amount_that_could_be_valid_is_short_enough() -> None:
    longest = "-" + "9" * DIGITS_MAX + "." + "9" * 30
    assert amounts.parse(longest) is not None
    assert amounts.parse("0" * 80) == Amount(0, 0)
    assert amounts.parse("0" * 81) is None
