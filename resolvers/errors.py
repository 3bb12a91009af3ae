"""Errors that a resolver raises on purpose: the request is wrong, and nothing was done."""

from graphql import GraphQLError


class RequestError(GraphQLError):
    """The request asks for what cannot be asked; the message says what, and what to do."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message, extensions={"code": code})
