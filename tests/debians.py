"""Debian's PostgreSQL 15, beside the embedded server: it knows TLS, and roles as before 16."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.faults.databases import BINARIES_VARIABLE

BINARIES: Final = Path("/usr/lib/postgresql/15/bin")
# In CI a test that cannot run fails.
IS_MISSING: Final = not BINARIES.exists() and os.environ.get("CI") != "true"
WHY_SKIPPED: Final = "Debian's PostgreSQL is not installed"


@contextmanager
def used(binaries: Path | None = BINARIES) -> Iterator[None]:
    """These commands start and stop servers in the block; the embedded server's where None."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(BINARIES_VARIABLE, str(binaries or ""))
        yield
