"""What a process takes on at once, and how much of it each credential may have."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class PressureSettings(BaseSettings):
    """The part of the settings that holds against too much, for each process."""

    running_max: Annotated[
        int | None,
        Field(
            ge=1,
            le=10_000,
            description="Operations that run at once; unset, as many as the pool has connections. "
            "More would wait for those inside, and slow down what is nearly done: 16 clients were "
            "served no faster than 8.",
        ),
    ] = None
    waiting_max: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Operations that wait for those, in the order in which they came. So many "
            "clients that wait for their answers are all served; where more comes, it is more "
            "than can be served, and what is too much hears 503 at once.",
        ),
    ] = 256
    waiting_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=60,
            description="How long they wait: as long as for a connection of the pool. A client "
            "would rather hear 503 than wait for longer.",
        ),
    ] = 2.0
    credential_cost_per_second: Annotated[
        int,
        Field(
            ge=0,
            description="Of each credential's operations, with ten seconds' worth at once; 0 sets "
            "no limit. More than a process was measured to serve, so that nothing that goes well "
            "is held up: bulk loads in batches of 1000 reached 110,000. Set it lower where "
            "credentials are strangers to each other.",
        ),
    ] = 500_000
    credential_mutations_per_second: Annotated[
        int,
        Field(
            ge=0,
            description="Of each credential, each item of a batch counted, with ten seconds' worth "
            "at once; 0 sets no limit. Twice what a process was measured to post in batches.",
        ),
    ] = 20_000
    credential_running_max: Annotated[
        int,
        Field(
            ge=0,
            description="Operations of a credential at once, those that wait on its WebSockets "
            "included; 0 sets no limit. As many as one WebSocket may have. Below `running_max` it "
            "leaves room for others.",
        ),
    ] = 100
