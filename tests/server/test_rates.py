"""Rates: buckets that are filled evenly, refusals that say when to come back, bounded memory."""

from typing import Any

from server.pressure_settings import PressureSettings
from server.rates import BURST_SECONDS, RateRefusal, Rates


def rates(**limits: Any) -> Rates:  # noqa: ANN401
    none = {
        "credential_cost_per_second": 0,
        "credential_mutations_per_second": 0,
        "credential_running_max": 0,
    }
    return Rates(PressureSettings(**{**none, **limits}))


def charge(one: Rates, who: str, now: float, cost: int = 1, mutations: int = 0) -> bool:
    return one.charge(who, cost=cost, mutations=mutations, now=now) is None


def test_ten_seconds_worth_may_come_at_once_and_then_as_much_as_was_set() -> None:
    one = rates(credential_cost_per_second=5)
    assert sum(charge(one, "a", 100.0) for _ in range(200)) == 5 * BURST_SECONDS
    assert sum(charge(one, "a", 100 + step / 100) for step in range(1000)) == 5 * 10


def test_a_bucket_holds_no_more_however_long_the_pause() -> None:
    one = rates(credential_cost_per_second=5)
    assert charge(one, "a", 0)
    assert sum(charge(one, "a", 1e9) for _ in range(200)) == 50


def test_a_large_operation_is_let_in_and_the_next_waits_for_longer() -> None:
    one = rates(credential_cost_per_second=10)
    assert charge(one, "a", 0, cost=1000)
    refused = one.charge("a", cost=1, mutations=0, now=0)
    assert isinstance(refused, RateRefusal)
    # 1000 less the 100 of the bucket, at 10 a second.
    assert refused.retry_after_seconds == 91
    assert not charge(one, "a", 90)
    assert charge(one, "a", refused.retry_after_seconds)


def test_a_refusal_says_which_limit_its_setting_and_when_to_come_back() -> None:
    one = rates(credential_mutations_per_second=2)
    assert charge(one, "a", 0, mutations=20)
    refused = one.charge("a", cost=1, mutations=1, now=0)
    assert refused == RateRefusal(
        "This credential has used up its mutations, of which each item of a batch is one: 2 a "
        "second, and 10 seconds' worth at once (FLORIN_CREDENTIAL_MUTATIONS_PER_SECOND). Send the "
        "request again in 1 s.",
        1,
    )
    # Queries are no mutations.
    assert charge(one, "a", 0)


def test_what_is_refused_costs_nothing() -> None:
    one = rates(credential_cost_per_second=10, credential_mutations_per_second=1)
    assert charge(one, "a", 0, cost=1, mutations=10)
    for _ in range(500):
        assert not charge(one, "a", 0, cost=1, mutations=1)
    assert sum(charge(one, "a", 0) for _ in range(500)) == 99


def test_no_credential_pays_for_another() -> None:
    one = rates(credential_cost_per_second=1)
    assert charge(one, "a", 0, cost=1000)
    assert not charge(one, "a", 0)
    assert charge(one, "b", 0)


def test_so_many_operations_at_once_and_no_more() -> None:
    one = rates(credential_running_max=1)
    with one.taken("a", cost=1, mutations=0, now=0) as first:
        assert first is None
        with one.taken("a", cost=1, mutations=0, now=0) as second:
            assert second is not None
            assert "FLORIN_CREDENTIAL_RUNNING_MAX" in second.message
        with one.taken("b", cost=1, mutations=0, now=0) as other:
            assert other is None
    with one.taken("a", cost=1, mutations=0, now=0) as third:
        assert third is None


def test_without_limits_nothing_is_refused() -> None:
    one = rates()
    assert all(charge(one, "a", 0, cost=10**9, mutations=10**6) for _ in range(100))


def test_credentials_at_rest_are_forgotten() -> None:
    """Those whose buckets are full again: there is nothing to remember."""
    one = rates(credential_cost_per_second=100)
    for number in range(100_000):
        assert charge(one, f"{number}", number / 100)
    # As many as came within the time that a bucket takes to be full again.
    assert len(one) < 20


def test_credentials_that_owe_or_run_are_remembered() -> None:
    one = rates(credential_cost_per_second=10)
    assert charge(one, "owes", 0, cost=100_000)
    with one.taken("runs", cost=1, mutations=0, now=0):
        for number in range(1000):
            assert charge(one, f"{number}", 100 + number)
        assert not charge(one, "owes", 1100)
        assert len(one) <= 5
