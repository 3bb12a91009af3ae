"""Ctrl-C and SIGTERM: at once where nothing is under way, and never in the middle of a batch."""

import os
import signal

import pytest

from server import interruptions


def test_a_signal_in_the_middle_is_only_noted_and_heard_when_nothing_is_under_way() -> None:
    with interruptions.heard() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.is_asked
        with pytest.raises(KeyboardInterrupt), interruption.at_once():
            raise AssertionError


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_heard_at_once_where_nothing_is_under_way(number: int) -> None:
    with interruptions.heard() as interruption:
        with pytest.raises(KeyboardInterrupt), interruption.at_once():
            os.kill(os.getpid(), number)
        assert not interruption.is_asked


def test_whoever_asks_twice_need_not_wait() -> None:
    with interruptions.heard():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_are_as_they_were_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptions.heard():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
