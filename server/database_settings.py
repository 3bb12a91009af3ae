"""Which database, and who logs in to it."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from db import conninfo


class DatabaseSettings(BaseSettings):
    """The part of the settings that says where the ledgers are."""

    database_url: Annotated[
        SecretStr | None,
        Field(
            validation_alias="DATABASE_URL",
            description="PostgreSQL 15 to 18; unset, an embedded one is started for development. "
            "To another machine TLS is verified, unless it says sslmode itself.",
        ),
    ] = None
    owner_url: Annotated[
        SecretStr | None,
        Field(
            description="The login that `florin migrate` and the commands for ledgers and keys use "
            "and that owns the tables, so that the one in DATABASE_URL, which serves, can change "
            "nothing of them. Unset, DATABASE_URL's is both."
        ),
    ] = None

    @field_validator("database_url", "owner_url")
    @classmethod
    def _is_safe_on_its_way(cls, url: SecretStr | None) -> SecretStr | None:
        # Here, once, for every connection that anything makes of it.
        return None if url is None else SecretStr(conninfo.verified(url.get_secret_value()))

    @model_validator(mode="after")
    def _owner_of_what(self) -> Self:
        if self.owner_url is not None and self.database_url is None:
            raise ValueError("FLORIN_OWNER_URL needs DATABASE_URL, with the login that serves")
        return self

    @property
    def owning_url(self) -> SecretStr | None:
        """For what takes the owner of the tables: FLORIN_OWNER_URL, or else DATABASE_URL."""
        return self.owner_url or self.database_url
