"""What Florin says of itself, to whom, and how much of it."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class TelemetrySettings(BaseSettings):
    """The part of the settings about logs, metrics and checks."""

    log_format: Annotated[
        Literal["json", "text"] | None,
        Field(
            description="`json` for programs, a line an event; `text` for people. Unset, text "
            "where standard error is a terminal, and json otherwise."
        ),
    ] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Field(
            description="Of Florin's own lines. INFO has one for each operation; at WARNING they "
            "are not made, which spares some 15 microseconds each. Libraries log from WARNING on, "
            "whatever this says: below that they quote what they are sent."
        ),
    ] = "INFO"
    metrics_port: Annotated[
        int | None,
        Field(
            ge=1,
            le=65535,
            description="Where Prometheus may read the metrics of all workers without a "
            "credential, besides /metrics, which takes the scope admin; unset, nowhere.",
        ),
    ] = None
    metrics_host: Annotated[
        str,
        Field(
            description="Loopback, because nobody is asked who he is there. Metrics have no data "
            "of any ledger, but they say how much is going on."
        ),
    ] = "127.0.0.1"
    measure_interval_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="How often the pool is looked at for the metrics, and the database asked "
            "for open holds, waiting events and what is not sealed yet; 0 is never. As often as "
            "Prometheus comes by usually.",
        ),
    ] = 10.0
    ready_timeout_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=60,
            description="/readyz answers within this, whatever the database does: less than the "
            "second after which Kubernetes gives up.",
        ),
    ] = 0.8
