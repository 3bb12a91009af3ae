"""What one request may ask for: bounds on its size, its document and what it costs to answer."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """The part of the settings that bounds a request."""

    body_bytes_max: Annotated[
        int,
        Field(
            ge=1024,
            description="A batch of 1000 transactions with 16 kB of metadata each.",
        ),
    ] = 16 * 1024 * 1024
    body_values_max: Annotated[
        int,
        Field(
            ge=1000,
            description="Values in a body's JSON, counted by its commas: reading so many takes up "
            "to 40 milliseconds, in which nothing else is answered. A batch of 1000 transactions "
            "with 30 postings each has fewer.",
        ),
    ] = 100_000
    document_length_max: Annotated[
        int,
        Field(ge=1000, description="Characters. Bounds lexing; data belongs in variables."),
    ] = 100_000
    document_tokens_max: Annotated[
        int,
        Field(
            ge=100,
            description="Bounds parsing and validation, some 15 microseconds a token; data belongs "
            "in variables. GraphiQL's introspection has 400.",
        ),
    ] = 3_000
    document_depth_max: Annotated[
        int,
        Field(
            ge=5,
            description="Fields inside each other: GraphiQL's introspection has 15. Objects that "
            "lead back to each other would multiply with every level.",
        ),
    ] = 20
    document_selections_max: Annotated[
        int,
        Field(
            ge=50,
            description="Fields and fragments, those of a fragment wherever it is spread: with "
            "fragments that spread others twice they double at each level.",
        ),
    ] = 2_000
    document_aliases_max: Annotated[
        int,
        Field(
            ge=5,
            description="Counted like selections. An alias asks for the same thing again; for many "
            "rows there are lists, and for many postings batches.",
        ),
    ] = 100
    document_directives_max: Annotated[
        int,
        Field(ge=5, description="Counted like selections. Each is looked up and checked."),
    ] = 100
    document_root_fields_max: Annotated[
        int,
        Field(
            ge=1,
            description="Each is a statement or more, or a transaction of its own.",
        ),
    ] = 50
    document_definitions_max: Annotated[
        int,
        Field(
            ge=5,
            description="Operations and fragments. Each operation is validated with all of its "
            "fragments, so the work grows with the square.",
        ),
    ] = 100
    cost_max: Annotated[
        int,
        Field(
            ge=1000,
            description="About how many fields an answer may have: page sizes multiply. 1000 "
            "entries with their transactions and accounts cost 50,000, a batch of 1000 "
            "transactions with 100 postings each 150,000, 500 users with a page each of accounts "
            "and of their entries 400,000. At the 1 to 8 microseconds that were measured, this is "
            "a second or two of one process.",
        ),
    ] = 500_000

    introspection: Annotated[
        bool,
        Field(
            description="Whether the schema can be asked for. Tools need it, and it is no secret: "
            "it is in every copy of the source."
        ),
    ] = True
    suggestions: Annotated[
        bool,
        Field(
            description="Whether a misspelt name is answered with the names that are close: kind "
            "to people, and a way to find names out where introspection is off."
        ),
    ] = True

    trusted_documents: Annotated[
        Path | None,
        Field(
            description="A manifest or a folder of documents that clients ask for by id; read and "
            "checked at start."
        ),
    ] = None
    trusted_documents_only: Annotated[
        bool,
        Field(description="Whether nothing but those is run: what was not reviewed is not asked."),
    ] = False

    @model_validator(mode="after")
    def _trusted_are_there(self) -> Self:
        if self.trusted_documents_only and self.trusted_documents is None:
            raise ValueError("FLORIN_TRUSTED_DOCUMENTS_ONLY needs FLORIN_TRUSTED_DOCUMENTS")
        return self
