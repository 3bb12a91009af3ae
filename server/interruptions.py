"""Ctrl-C and SIGTERM: at once where nothing is under way, else when what is under way is done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether somebody asked the process to end. Whoever asks twice need not wait."""

    def __init__(self) -> None:
        self.is_asked = False
        self._is_idle = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block that may be left anywhere: KeyboardInterrupt as soon as anybody asks, or has."""
        self._is_idle = True
        try:
            if self.is_asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._is_idle = False

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """What a signal does."""
        if self._is_idle or self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True


@contextmanager
def heard() -> Iterator[Interruption]:
    """Both signals ask while the block runs. For the main thread."""
    interruption = Interruption()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interruption.ask) for number in signals]
    try:
        yield interruption
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
