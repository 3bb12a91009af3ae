"""Settings: from the environment, read once, refused with a clear message when wrong."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.pool import PoolSettings
from server.access_settings import AccessSettings
from server.database_settings import DatabaseSettings
from server.execution_settings import ExecutionSettings
from server.limit_settings import LimitSettings
from server.origins import is_loopback
from server.pressure_settings import PressureSettings
from server.secret_files import SecretFiles, is_secret
from server.subscription_settings import SubscriptionSettings
from server.telemetry_settings import TelemetrySettings
from server.token_settings import TokenSettings

_ORIGIN: Final = re.compile(r"https?://[^/?#@\sA-Z*]+")


class SettingsError(Exception):
    """One line for each setting that cannot be used."""


class Settings(
    AccessSettings,
    DatabaseSettings,
    ExecutionSettings,
    LimitSettings,
    PressureSettings,
    SubscriptionSettings,
    TelemetrySettings,
    TokenSettings,
    SecretFiles,
    BaseSettings,
):
    """Every setting, its default and its reason. Names are upper-cased and prefixed FLORIN_."""

    model_config = SettingsConfigDict(env_prefix="FLORIN_", frozen=True, populate_by_name=True)

    data_directory: Annotated[
        Path, Field(description="Where the embedded PostgreSQL keeps its data.")
    ] = Path(".florin")
    host: Annotated[
        str,
        Field(description="Loopback, which is all that may be bound until there are credentials."),
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="The usual one for development.")] = 8000
    workers: Annotated[
        int, Field(ge=1, le=256, description="Processes; each has a pool of its own.")
    ] = 1

    pool_size_min: Annotated[
        int, Field(ge=1, le=1000, description="Connections that are always open: no cold start.")
    ] = 2
    pool_size_max: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Enough to keep a few cores of PostgreSQL busy; more only queue there.",
        ),
    ] = 10
    pool_timeout_seconds: Annotated[
        float,
        Field(gt=0, le=60, description="A client would rather hear 503 than wait for longer."),
    ] = 2.0
    pool_waiting_max: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Beyond this many in the queue the next is told at once: the queue could "
            "not be served within the timeout anyway. Each of 64 operations that run at once may "
            "want four connections.",
        ),
    ] = 300
    pool_lifetime_seconds: Annotated[
        float,
        Field(ge=10, description="Renewed now and then, so that a failover or a leak wears off."),
    ] = 3600.0
    statement_timeout_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=3600,
            description="No statement here needs this long; waiting for a lock counts, too.",
        ),
    ] = 10.0
    operation_timeout_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=3600,
            description="A whole query or mutation, however many statements; then it is cancelled, "
            "down to those that run. As long as one statement may take.",
        ),
    ] = 10.0
    shutdown_timeout_seconds: Annotated[
        int,
        Field(
            ge=1,
            description="For requests in flight at SIGTERM; more than a statement may take.",
        ),
    ] = 15
    prepare_threshold: Annotated[
        int | None,
        Field(
            ge=0,
            description="Uses after which a statement is prepared; `none` never prepares.",
        ),
    ] = 5
    transaction_pooler: Annotated[
        bool,
        Field(
            description="Whether DATABASE_URL leads through a pooler in transaction mode, such as "
            "PgBouncer's: each loan is then a transaction of its own, and nothing is prepared."
        ),
    ] = False

    sweep_interval_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="How often expired holds are swept; 0 leaves it to other processes. "
            "Nothing waits for it: it only keeps their number small.",
        ),
    ] = 1.0

    seal_interval_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="How often new entries are sealed; 0 leaves it to other processes. What "
            "is not sealed yet is not protected yet; every seal is a row of its own.",
        ),
    ] = 5.0

    cors_origins: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Whose pages may send requests from browsers, separated by commas, such as "
            "`https://app.example.com`; none but Florin's own."
        ),
    ] = ()

    explain: Annotated[
        bool | None,
        Field(
            description="Whether clients may have their requests explained, with statements and "
            "plans, which tell of everybody's data and take as long again; unset, where `host` is "
            "a loopback address."
        ),
    ] = None

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = tuple(origin.strip() for origin in value.split(",") if origin.strip())
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin such as https://app.example.com: a scheme and a "
                    "host in lower case, a port if it has one, and nothing after it"
                )
        return origins

    @model_validator(mode="before")
    @classmethod
    def _none(cls, values: dict[str, object]) -> dict[str, object]:
        if str(values.get("prepare_threshold", "")).lower() == "none":
            values["prepare_threshold"] = None
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.pool_size_min > self.pool_size_max:
            raise ValueError("FLORIN_POOL_SIZE_MIN is above FLORIN_POOL_SIZE_MAX")
        if self.shutdown_timeout_seconds <= max(
            self.statement_timeout_seconds, self.operation_timeout_seconds
        ):
            raise ValueError(
                "FLORIN_SHUTDOWN_TIMEOUT_SECONDS must exceed FLORIN_STATEMENT_TIMEOUT_SECONDS and "
                "FLORIN_OPERATION_TIMEOUT_SECONDS, or what is in flight would be cut off at "
                "shutdown"
            )
        return self

    @property
    def allows_explain(self) -> bool:
        """Whether requests are explained to whoever asks."""
        return is_loopback(self.host) if self.explain is None else self.explain

    @property
    def pool(self) -> PoolSettings:
        """What of this the pool needs to know."""
        return PoolSettings(
            size_min=self.pool_size_min,
            size_max=self.pool_size_max,
            timeout_seconds=self.pool_timeout_seconds,
            waiting_max=self.pool_waiting_max,
            lifetime_seconds=self.pool_lifetime_seconds,
            statement_timeout_seconds=self.statement_timeout_seconds,
            prepare_threshold=self.prepare_threshold,
            transaction_pooler=self.transaction_pooler,
        )


def read() -> Settings:
    """The settings of this process; SettingsError names every variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as invalid:
        raise SettingsError("\n".join(_lines(invalid))) from None


def _lines(invalid: ValidationError) -> list[str]:
    lines = []
    for error in invalid.errors():
        name = str(error["loc"][0]) if error["loc"] else ""
        reason = error["msg"].removeprefix("Value error, ")
        if not name:
            lines += [f"{line}." for line in reason.splitlines()]
            continue
        field = Settings.model_fields.get(name)
        variable = name if field is None else f"FLORIN_{name.upper()}"
        sent = str(error["input"])
        # No secret is ever shown, nor what stands before an @ in an address.
        shown = "" if field is None or is_secret(field) or "@" in sent else f"={sent}"
        lines.append(f"{variable}{shown}: {reason[0].lower()}{reason[1:]}.")
    return lines
