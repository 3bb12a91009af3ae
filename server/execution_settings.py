"""How operations are run: by which executor, and whether requests share their look-ups."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from pydantic_settings import BaseSettings

ExecutorName: TypeAlias = Literal["breadth-first", "graphql-core"]


class ExecutionSettings(BaseSettings):
    """The part of the settings that says how operations are run."""

    executor: Annotated[
        ExecutorName,
        Field(
            description="Which executor answers queries and mutations. Both give the same answers; "
            "breadth-first takes a fraction of the time."
        ),
    ] = "breadth-first"
    share_look_ups: Annotated[
        bool,
        Field(
            description="Whether look-ups by key that requests of one credential to one ledger "
            "make at the same time are read together: fewer statements under load. What one "
            "request asks for then waits for a statement of another's."
        ),
    ] = False
