"""Secrets from files: NAME_FILE names a file whose content is the value of the setting NAME.

So a secret is in no environment, which whoever may look at the process can read and whatever it
starts inherits. It holds for every setting that is a ``SecretStr``.
"""

import logging
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

# A connection string with every option there is has a tenth of it.
BYTES_MAX: Final = 64 * 1024

_log: Final = logging.getLogger("florin.settings")


class SecretFiles(BaseSettings):
    """The part of the settings that reads those which are secrets from the files named for them."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        wrong = []
        for name, field in cls.model_fields.items():
            if not is_secret(field):
                continue
            # An alias is the variable's whole name.
            key = field.validation_alias if isinstance(field.validation_alias, str) else name
            variable = key if key != name else f"{cls.model_config['env_prefix']}{name}".upper()
            if values.get(key) == "":
                # Counts as unset, for shells and compose files that set it whatever it is.
                values.pop(key)
            try:
                values = _from_file(variable, key) | values
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("\n".join(wrong))
        return values


def is_secret(field: FieldInfo) -> bool:
    """Whether what a setting is must not be shown."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _from_file(variable: str, key: str) -> dict[str, SecretStr]:
    """The value by its key where a file is named for it. Raises ValueError, with the reason."""
    path = os.environ.get(f"{variable}_FILE")
    if not path:
        return {}
    if os.environ.get(variable):
        raise ValueError(f"{variable} and {variable}_FILE are both given: keep one of them")
    return {key: SecretStr(_content(variable, Path(path)))}


def _content(variable: str, path: Path) -> str:
    """What is in a file, without the newline that editors end it with.

    Raises ValueError, which names the file and says nothing of what is in it.
    """
    said = f"{variable}_FILE={path}"
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            # A pipe is empty when it is read again, as every process does.
            raise ValueError(f"{said}: is not a file")
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"{said}: cannot be read: {error.strerror}") from None
    if len(content) > BYTES_MAX:
        raise ValueError(f"{said}: is longer than {BYTES_MAX} bytes")
    try:
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError(f"{said}: is not UTF-8 text") from None
    if not secret.strip():
        raise ValueError(f"{said}: is empty")
    if mode & stat.S_IROTH:
        _warn(said)
    return secret


@lru_cache
def _warn(said: str) -> None:
    """Once, however often settings are read. Some platforms mount secrets like that."""
    _log.warning("%s: every user of this machine may read it; chmod 600 would keep it secret", said)
