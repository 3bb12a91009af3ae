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
            description="Operations that run at once; unset, as many as the pool has connections, "
            "or as a group of postings may have where that is more: those wait for each other "
            "without a connection. More would only slow down what is nearly done: with 300 "
            "postings at once no more were served than with 64.",
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
    group_size_max: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Postings of one ledger that came at the same time and share one database "
            "transaction, each with its own outcome; 1 gives each its own. Larger ones were "
            "measured to gain nothing more, and keep their accounts locked for longer.",
        ),
    ] = 64
    group_patience_seconds: Annotated[
        float,
        Field(
            ge=0.01,
            le=60,
            description="How long such a group waits for a lock that somebody else holds; then "
            "each of its postings is done by itself, and only those wait on that need the lock. "
            "Far more than any transaction of ours keeps one.",
        ),
    ] = 1.0
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
