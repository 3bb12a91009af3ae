"""A request is well-formed before any account is looked at, or it is refused by name and place."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import metadata, transactions
from ledger.amounts import Amount
from ledger.refusals import InvalidAmount, InvalidInput
from ledger.transactions import POSTINGS_MAX, AccountKey, PostingRequest, TransactionRequest
from tests.ledger.examples import PATH, Leg, by_id, request, sent

LEG: Leg = ("cash", "wallet", "12.30")


def test_a_request_keeps_what_was_sent() -> None:
    made = request(
        (by_id("cash"), "wallet", "12.30"),
        ("fees", "wallet", "1"),
        key="order 7",
        description="Top-up",
        metadata={"order": 7},
        path=("input", "transactions", "3"),
    )
    assert made == TransactionRequest(
        path=("input", "transactions", "3"),
        idempotency_key="order 7",
        postings=(
            PostingRequest(by_id("cash"), AccountKey("wallet", "wallet"), Amount(1230, 2), "12.30"),
            PostingRequest(
                AccountKey("fees", "fees"), AccountKey("wallet", "wallet"), Amount(1, 0), "1"
            ),
        ),
        description="Top-up",
        metadata={"order": 7},
    )


def test_what_is_not_sent_is_empty() -> None:
    made = request(LEG, metadata=None)
    assert (made.description, made.metadata) == ("", {})


@pytest.mark.parametrize("count", [1, POSTINGS_MAX])
def test_a_transaction_has_1_to_100_postings(count: int) -> None:
    assert len(request(*[LEG] * count).postings) == count


@pytest.mark.parametrize(("count", "has"), [(0, "none"), (POSTINGS_MAX + 1, "more")])
def test_no_transaction_has_none_or_more(count: int, has: str) -> None:
    problem = f"a transaction has 1 to 100 postings, this one has {has}"
    assert sent(*[LEG] * count) == InvalidInput(path=(*PATH, "postings"), problem=problem)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "it is empty"),
        ("k" * 201, "it has 201 characters; at most 200 are kept"),
        (" key", "it begins or ends with a space"),
        ("k\x00y", "it holds a control character"),
    ],
)
def test_an_idempotency_key_is_an_identifier(key: str, problem: str) -> None:
    refused = InvalidInput(path=(*PATH, "idempotencyKey"), problem=problem)
    assert sent(LEG, key=key) == refused
    assert request(LEG, key="k" * 200).idempotency_key == "k" * 200


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1e400", "１２", "+1", " 1", ".5", "$1"])  # noqa: RUF001 - on purpose
def test_an_amount_is_a_plain_decimal(text: str) -> None:
    assert sent(LEG, ("cash", "wallet", text)) == InvalidAmount(
        path=(*PATH, "postings", "1", "amount"),
        problem=f"{text!r} is not a plain decimal such as 12.30",
    )


@pytest.mark.parametrize("text", ["0", "0.00", "-0", "-1", "-0.01", "-99999999999999999999999999"])
def test_an_amount_is_positive(text: str) -> None:
    assert sent(("cash", "wallet", text)) == InvalidAmount(
        path=(*PATH, "postings", "0", "amount"),
        problem=f"{text} is not positive; to move money the other way, swap debit and credit",
    )


def test_an_amount_of_ten_thousand_characters_is_shown_in_part() -> None:
    refused = sent(("cash", "wallet", "9" * 10_000))
    assert isinstance(refused, InvalidAmount)
    assert refused.problem == f"'{'9' * 100}…' is not a plain decimal such as 12.30"


@pytest.mark.parametrize(
    ("description", "problem"),
    [
        ("d" * 1001, "it has 1001 characters; at most 1000 are kept"),
        ("a\x00b", "it holds a control character"),
        ("\ud800", "it holds a control character"),
    ],
)
def test_a_description_is_prose(description: str, problem: str) -> None:
    refused = InvalidInput(path=(*PATH, "description"), problem=problem)
    assert sent(LEG, description=description) == refused
    assert request(LEG, description="two\nlines").description == "two\nlines"


@pytest.mark.parametrize("value", [["a"], "text", 1, {"a": float("nan")}, {"a": "\x00"}])
def test_metadata_is_within_its_bounds(value: object) -> None:
    problem = metadata.problem(value)
    assert problem is not None
    assert sent(LEG, metadata=value) == InvalidInput(path=(*PATH, "metadata"), problem=problem)


@pytest.mark.parametrize("value", [[], "", 0, 0.0, False])
def test_metadata_that_is_empty_but_no_object_is_refused(value: object) -> None:
    problem = "metadata is a JSON object"
    assert sent(LEG, metadata=value) == InvalidInput(path=(*PATH, "metadata"), problem=problem)


def test_of_several_faults_the_first_in_the_requests_order_is_named() -> None:
    faults: list[tuple[tuple[str, ...], InvalidInput | InvalidAmount | TransactionRequest]] = [
        (("idempotencyKey",), sent(key="", description="\x00", metadata=1)),
        (("postings",), sent(description="\x00", metadata=1)),
        (
            ("postings", "1", "amount"),
            sent(LEG, ("a", "b", "0"), ("a", "b", "x"), description="\x00", metadata=1),
        ),
        (("description",), sent(LEG, description="\x00", metadata=1)),
        (("metadata",), sent(LEG, metadata=1)),
    ]
    for place, refused in faults:
        assert refused.path == (*PATH, *place)


descriptions = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
objects = st.dictionaries(descriptions, st.integers(-9, 9) | descriptions, max_size=3)


@given(descriptions, objects)
def test_a_fingerprint_is_a_digest_of_the_description_and_one_of_the_metadata(
    description: str, sent_metadata: dict[str, int | str]
) -> None:
    made = transactions.fingerprint(request(LEG, description=description, metadata=sent_metadata))
    digest = hashlib.blake2b(description.encode(), digest_size=16).digest()
    assert made == digest + metadata.digest(sent_metadata)
    assert len(made) == 32


@given(descriptions, descriptions, objects, objects)
def test_fingerprints_are_equal_for_equal_content_only(
    description: str, other: str, one: dict[str, int | str], two: dict[str, int | str]
) -> None:
    a = transactions.fingerprint(request(LEG, description=description, metadata=one))
    b = transactions.fingerprint(request(LEG, description=other, metadata=two))
    assert (a[:16] == b[:16]) == (description == other)
    assert (a[16:] == b[16:]) == (one == two)


def test_a_fingerprint_sees_neither_key_nor_postings_nor_the_order_of_metadata() -> None:
    one = request(LEG, key="one", metadata={"a": 1, "b": 2}, path=("here",))
    other = request(("a", "b", "1"), LEG, key="other", metadata={"b": 2, "a": 1}, path=("there",))
    assert transactions.fingerprint(one) == transactions.fingerprint(other)


def test_fingerprints_stay_what_they_were() -> None:
    """They are stored: another digest would make every replay of an old request a conflict."""
    made = transactions.fingerprint(
        request(LEG, description="Top-up", metadata={"b": [1, 0.5, None, True], "a": "é"})
    )
    assert made[:16].hex() == "1bbc5f7bc726589ddc6b12207f526f96"
    assert made[16:].hex() == "34e913fc24c26fceb56384d836f4ddc1"
