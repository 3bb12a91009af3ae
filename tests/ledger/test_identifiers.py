"""UUIDv7 sorts by time, as RFC 9562 has it; nothing but a TypeID of the right kind is an id."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import RFC_4122, UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import identifiers
from ledger.identifiers import Prefix

PREFIXES: tuple[Prefix, ...] = get_args(Prefix)
SEQUENCE_MAX = 2**16 - 1
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

moments = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy wants bounds without a zone
    timezones=st.just(UTC),
)
sequences = st.integers(min_value=0, max_value=SEQUENCE_MAX)
uuids = st.uuids() | st.integers(min_value=0, max_value=2**128 - 1).map(lambda i: UUID(int=i))
prefixes = st.sampled_from(PREFIXES)


@given(moments, moments, sequences, sequences)
def test_ids_of_later_moments_sort_later(a: datetime, b: datetime, m: int, n: int) -> None:
    assume(a != b)
    earlier, later = sorted((a, b))
    assert identifiers.uuid7(earlier, sequence=m) < identifiers.uuid7(later, sequence=n)


@given(moments)
def test_one_microsecond_is_enough_to_sort_by(at: datetime) -> None:
    assume(at < datetime.max.replace(tzinfo=UTC))
    last = identifiers.uuid7(at, sequence=SEQUENCE_MAX)
    assert last < identifiers.uuid7(at + MICROSECOND, sequence=0)


@given(moments, sequences, sequences)
def test_at_one_moment_ids_of_later_sequences_sort_later(at: datetime, m: int, n: int) -> None:
    assume(m != n)
    earlier, later = sorted((m, n))
    assert identifiers.uuid7(at, sequence=earlier) < identifiers.uuid7(at, sequence=later)


@given(moments, st.integers(min_value=0, max_value=50))
def test_a_sequence_of_ids_ascends_within_its_moment(at: datetime, count: int) -> None:
    made = identifiers.uuid7_sequence(at, count)
    assert [each.int >> 46 & 0xFFFF for each in made] == list(range(count))
    assert {each.int >> 62 for each in made} <= {identifiers.first_uuid7(at).int >> 62}
    assert made == sorted(made)


def test_the_longest_sequence_of_ids_stays_below_the_next_moment() -> None:
    made = identifiers.uuid7_sequence(NOON, SEQUENCE_MAX + 1)
    assert len(set(made)) == len(made) == SEQUENCE_MAX + 1
    assert made == sorted(made)
    assert identifiers.first_uuid7(NOON) <= made[0]
    assert made[-1] < identifiers.first_uuid7(NOON + MICROSECOND)
    assert made[-1].version == 7
    assert made[-1].variant == RFC_4122


@given(moments, sequences)
def test_no_id_of_a_moment_is_below_its_first(at: datetime, sequence: int) -> None:
    assert identifiers.first_uuid7(at) <= identifiers.uuid7(at, sequence=sequence)


@given(moments, sequences)
def test_every_id_of_an_earlier_moment_is_below_the_first(at: datetime, sequence: int) -> None:
    assume(at < datetime.max.replace(tzinfo=UTC))
    earlier = identifiers.uuid7(at, sequence=sequence)
    assert earlier < identifiers.first_uuid7(at + MICROSECOND)


@given(moments, sequences)
def test_version_and_variant_are_those_of_rfc_9562(at: datetime, sequence: int) -> None:
    for made in (identifiers.uuid7(at, sequence=sequence), identifiers.first_uuid7(at)):
        assert made.version == 7
        assert (
            made.variant == RFC_4122
        )  # the name of RFC 9562's variant 0b10 in the standard library
        assert made.int >> 76 & 0xF == 7
        assert made.int >> 62 & 0b11 == 0b10


@given(moments, sequences)
def test_the_first_48_bits_are_milliseconds_and_the_next_12_their_fraction(
    at: datetime, sequence: int
) -> None:
    made = identifiers.uuid7(at, sequence=sequence).int
    since = (at - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
    assert made >> 80 == since // 1000
    assert made >> 64 & 0xFFF == since % 1000 * 4096 // 1000
    assert made >> 46 & 0xFFFF == sequence


def test_a_moment_before_1970_gives_the_least_id() -> None:
    long_ago = datetime(1969, 12, 31, 23, 59, tzinfo=UTC)
    assert identifiers.first_uuid7(long_ago) == UUID("00000000-0000-7000-8000-000000000000")


def test_two_ids_of_one_moment_and_one_sequence_differ() -> None:
    assert len({identifiers.uuid7(NOON, sequence=5) for _ in range(1000)}) == 1000


def test_now_lies_between_before_and_after() -> None:
    before = datetime.now(UTC)
    made = identifiers.now()
    after = datetime.now(UTC) + MICROSECOND
    assert identifiers.first_uuid7(before) <= made < identifiers.first_uuid7(after)


@given(prefixes, uuids)
def test_a_rendered_id_parses_to_the_same_uuid(prefix: Prefix, value: UUID) -> None:
    assert identifiers.parse(prefix, identifiers.render(prefix, value)) == value


@given(prefixes, uuids, uuids)
def test_ids_sort_as_text_as_they_sort_as_uuids(prefix: Prefix, a: UUID, b: UUID) -> None:
    assert (identifiers.render(prefix, a) < identifiers.render(prefix, b)) == (a < b)


@pytest.mark.parametrize(
    ("value", "suffix"),
    [  # valid.json of the TypeID specification
        ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
        ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
        ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
    ],
)
def test_ids_are_those_of_the_typeid_specification(value: str, suffix: str) -> None:
    assert identifiers.render("acct", UUID(value)) == f"acct_{suffix}"
    assert identifiers.parse("acct", f"acct_{suffix}") == UUID(value)


@given(prefixes, prefixes, uuids)
def test_an_id_of_another_kind_is_refused(asked: Prefix, sent: Prefix, value: UUID) -> None:
    assume(asked != sent)
    assert identifiers.parse(asked, identifiers.render(sent, value)) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "_", "acct", "acct_", "01h455vb4pex5vsknk084sn02q", "_01h455vb4pex5vsknk084sn02q"),
        "acct_8zzzzzzzzzzzzzzzzzzzzzzzzz",  # more than 128 bits
        "acct_01h455vb4pex5vsknk084sn02",
        "acct_01h455vb4pex5vsknk084sn02qq",
        "acct__01h455vb4pex5vsknk084sn02q",
        "acct_x_01h455vb4pex5vsknk084sn02q",
        "acctx_01h455vb4pex5vsknk084sn02q",
        "ACCT_01h455vb4pex5vsknk084sn02q",
        "acct_01H455VB4PEX5VSKNK084SN02Q",
        "acct-01h455vb4pex5vsknk084sn02q",
        *(f"acct_01h455vb4pex5vsknk084sn02{c}" for c in ("i", "l", "o", "u", "-", "٣", "\x00")),
        *(" acct_01h455vb4pex5vsknk084sn02q", "acct_01h455vb4pex5vsknk084sn02q\n"),
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "acct_01890a5d-ac96-774b-bcce-b302099a8057",
        "acct_" + "é" * 26,
        "acct_" + "0" * 10_000,
    ],
)
def test_parse_refuses_what_is_not_a_typeid(text: str) -> None:
    assert identifiers.parse("acct", text) is None


@given(st.text(max_size=40).map("acct_".__add__) | st.text(max_size=40))
def test_one_uuid_has_one_text(text: str) -> None:
    value = identifiers.parse("acct", text)
    assert value is None or identifiers.render("acct", value) == text


@given(uuids, st.integers(min_value=1, max_value=10**18 - 1))
def test_an_entrys_id_is_its_accounts_and_its_number(account_id: UUID, version: int) -> None:
    text = identifiers.render_entry(account_id, version)
    assert text == f"{identifiers.render('entry', account_id)}_{version}"
    assert identifiers.parse_entry(text) == (account_id, version)


@pytest.mark.parametrize(
    "text",
    [
        *("", "_", "_1", "entry_1", "entry_01h455vb4pex5vsknk084sn02q"),
        *(
            f"entry_01h455vb4pex5vsknk084sn02q_{version}"
            for version in ("", "0", "01", "-1", "+1", "1.0", " 1", "1\n", "٣", "1_1", "9" * 19)
        ),
        "acct_01h455vb4pex5vsknk084sn02q_1",
        "entry_8zzzzzzzzzzzzzzzzzzzzzzzzz_1",
        "entry_01h455vb4pex5vsknk084sn02q_" + "1" * 10_000,
    ],
)
def test_parse_entry_refuses_what_is_not_an_entrys_id(text: str) -> None:
    assert identifiers.parse_entry(text) is None
