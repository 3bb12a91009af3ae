"""The secret behind API keys: the setting's, or one that is kept in the data directory."""

import os
import secrets
from pathlib import Path
from typing import Final

from server.api_keys import KeyMaker
from server.settings import Settings

FILE_NAME: Final = "api-key-secret"
_SECRET_BYTES: Final = 32


def key_maker(configured: Settings) -> KeyMaker | None:
    """What reads keys here; None where there is no secret yet, and so no key that it made."""
    if configured.api_key_secret is not None:
        return KeyMaker(configured.api_key_secret.get_secret_value().encode())
    path = _path(configured)
    return KeyMaker(path.read_bytes().strip()) if path.exists() else None


def new_key_maker(configured: Settings) -> tuple[KeyMaker, Path | None]:
    """What makes keys here; where that took a new secret, the file that it is kept in, too."""
    known = key_maker(configured)
    if known is not None:
        return known, None
    path = _path(configured)
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_hex(_SECRET_BYTES).encode()
    # Nobody else may read it, and none that somebody made at the same moment is overwritten.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secret + b"\n")
    return KeyMaker(secret), path


def _path(configured: Settings) -> Path:
    return configured.data_directory / FILE_NAME
