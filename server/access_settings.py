"""Who may open ledgers: the secret behind API keys."""

from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

SECRET_LENGTH_MIN: Final = 32


class AccessSettings(BaseSettings):
    """The part of the settings that API keys need."""

    api_key_secret: Annotated[
        SecretStr | None,
        Field(
            min_length=SECRET_LENGTH_MIN,
            description="What API keys are hashed with, so that the database alone is not enough "
            "to make or guess one; the same for all processes. Unset, one is made and kept in the "
            "data directory.",
        ),
    ] = None
