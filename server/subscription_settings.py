"""What long-lived connections may take: their number, their pace, and how long silence is borne."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class SubscriptionSettings(BaseSettings):
    """The part of the settings that bounds WebSockets and event streams, for each process."""

    connections_max: Annotated[
        int,
        Field(
            ge=1,
            description="WebSockets and event streams of a process. An idle one was measured to "
            "take some 60 KB.",
        ),
    ] = 1000
    operations_max: Annotated[
        int,
        Field(ge=1, description="Operations at once on one WebSocket; a page rarely needs ten."),
    ] = 100
    subscriptions_max: Annotated[
        int,
        Field(
            ge=1,
            description="Subscriptions of a process, on whatever connections: each is woken for "
            "every event, up to fifty times a second.",
        ),
    ] = 1000
    connection_init_seconds: Annotated[
        float,
        Field(
            gt=0, le=60, description="A WebSocket that has not said who it is by then is closed."
        ),
    ] = 3.0
    ping_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=3600,
            description="How often an open connection is pinged; a WebSocket that has not answered "
            "by the next time is closed. Proxies cut what is silent for a minute.",
        ),
    ] = 20.0
    send_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=3600,
            description="A client that has not taken a message by then is disconnected, before "
            "what it does not read takes memory. It can come back with its last cursor. So is "
            "one that takes nothing at all of a response for so long.",
        ),
    ] = 10.0
    event_poll_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=60,
            description="How often events are looked for where no hint came; hints make it sooner.",
        ),
    ] = 1.0
