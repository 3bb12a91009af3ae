"""Florin over HTTP, as tests use it: the whole application, without a socket."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from pydantic import SecretStr

from db.cursors import ObservedCursor
from db.pool import Pool
from server import app
from server.operations import Operations
from server.settings import Settings

CREATE_USER = """
    mutation ($input: CreateUserInput!) {
        createUser(input: $input) {
            __typename
            ... on CreateUserSuccess { user { id username email metadata createdAt updatedAt } }
            ... on Refusal { code message path }
        }
    }
"""

OPEN_ACCOUNT = """
    mutation ($input: OpenAccountInput!) {
        openAccount(input: $input) {
            __typename
            ... on OpenAccountSuccess {
                account { id code currency { code exponent } floor ceiling state }
            }
            ... on Refusal { code message path }
        }
    }
"""

# All that a result can say of a transaction.
RESULT = """
    fragment Result on PostTransactionResult {
        __typename
        ... on PostTransactionSuccess {
            replayed
            transaction { id idempotencyKey state effectiveAt createdAt resolvedAt expiresAt }
        }
        ... on IdempotencyConflict { field conflict: transaction { id } }
        ... on InsufficientFunds { available required account { code } }
        ... on AlreadyReversed { reversal { idempotencyKey } }
        ... on Refusal { code message path }
    }
"""

POST_TRANSACTION = f"""
    mutation ($input: PostTransactionInput!) {{ postTransaction(input: $input) {{ ...Result }} }}
    {RESULT}
"""
CAPTURE_TRANSACTION = f"""
    mutation ($input: CaptureTransactionInput!) {{
        captureTransaction(input: $input) {{ ...Result }}
    }}
    {RESULT}
"""
VOID_TRANSACTION = f"""
    mutation ($input: VoidTransactionInput!) {{ voidTransaction(input: $input) {{ ...Result }} }}
    {RESULT}
"""
REVERSE_TRANSACTION = f"""
    mutation ($input: ReverseTransactionInput!) {{
        reverseTransaction(input: $input) {{ ...Result }}
    }}
    {RESULT}
"""
POST_TRANSACTIONS = f"""
    mutation ($input: PostTransactionsInput!) {{
        postTransactions(input: $input) {{ committed results {{ ...Result }} }}
    }}
    {RESULT}
"""
SUBMIT_TRANSACTIONS = f"""
    mutation ($input: SubmitTransactionsInput!) {{
        submitTransactions(input: $input) {{ committed results {{ ...Result }} }}
    }}
    {RESULT}
"""

BALANCE = """
    query ($code: String!) {
        account(by: { code: $code }) {
            version
            balance { posted available debits credits pendingDebits pendingCredits }
        }
    }
"""


class Api:
    """Sends GraphQL and returns what matters."""

    def __init__(self, client: httpx.AsyncClient, pool: Pool, operations: Operations) -> None:
        self.client = client
        self.pool = pool
        self.operations = operations

    async def send(self, query: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        """The bare response."""
        content = {"query": query, "variables": variables or {}}
        return await self.client.post("/graphql", json=content)

    async def __call__(self, query: str, **variables: Any) -> Any:  # noqa: ANN401
        """The data; fails the test on any error."""
        response = await self.send(query, variables)
        body = response.json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def create_user(self, username: str, **fields: Any) -> Any:  # noqa: ANN401
        """createUser's result."""
        wanted = {"username": username, "email": f"{username}@example.com", **fields}
        return (await self(CREATE_USER, input=wanted))["createUser"]

    async def open_account(
        self,
        code: str,
        currency: str = "USD",
        normal_side: str = "CREDIT",
        **fields: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """openAccount's result; a wallet with a floor of zero unless told."""
        wanted = {"code": code, "currency": currency, "normalSide": normal_side, **fields}
        return (await self(OPEN_ACCOUNT, input=wanted))["openAccount"]

    async def post(
        self,
        key: str,
        *postings: tuple[str, str, str],
        **fields: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """postTransaction's result; a posting is (debit code, credit code, amount)."""
        wanted = transaction(key, *postings, **fields)
        return (await self(POST_TRANSACTION, input=wanted))["postTransaction"]

    async def post_batch(self, transactions: list[dict[str, Any]], *, atomic: bool = True) -> Any:  # noqa: ANN401
        """postTransactions' payload."""
        wanted = {"transactions": transactions, "atomic": atomic}
        return (await self(POST_TRANSACTIONS, input=wanted))["postTransactions"]

    async def capture(self, key: str, hold: str, *amounts: str) -> Any:  # noqa: ANN401
        """captureTransaction's result; all of the hold where no amounts are given."""
        wanted = {"idempotencyKey": key, "transaction": {"idempotencyKey": hold}}
        given = {"amounts": list(amounts)} if amounts else {}
        return (await self(CAPTURE_TRANSACTION, input=wanted | given))["captureTransaction"]

    async def void(self, key: str, hold: str) -> Any:  # noqa: ANN401
        """voidTransaction's result."""
        wanted = {"idempotencyKey": key, "transaction": {"idempotencyKey": hold}}
        return (await self(VOID_TRANSACTION, input=wanted))["voidTransaction"]

    async def reverse(self, key: str, reversed_key: str, **fields: Any) -> Any:  # noqa: ANN401
        """reverseTransaction's result."""
        wanted = {"idempotencyKey": key, "transaction": {"idempotencyKey": reversed_key}, **fields}
        return (await self(REVERSE_TRANSACTION, input=wanted))["reverseTransaction"]

    async def submit(self, items: list[dict[str, Any]], *, atomic: bool = True) -> Any:  # noqa: ANN401
        """submitTransactions' payload."""
        wanted = {"items": items, "atomic": atomic}
        return (await self(SUBMIT_TRANSACTIONS, input=wanted))["submitTransactions"]

    async def balances(self, code: str) -> tuple[str, str, str, str]:
        """An account's posted and available balance, pending debits and pending credits."""
        found = (await self(BALANCE, code=code))["account"]["balance"]
        names = ("posted", "available", "pendingDebits", "pendingCredits")
        posted, available, debits, credits_ = (str(found[name]) for name in names)
        return posted, available, debits, credits_

    async def balance(self, code: str) -> str:
        """An account's posted balance."""
        data = await self(BALANCE, code=code)
        return str(data["account"]["balance"]["posted"])


def transaction(key: str, *postings: tuple[str, str, str], **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """A PostTransactionInput; a posting is (debit code, credit code, amount)."""
    return {
        "idempotencyKey": key,
        "postings": [
            {"debit": {"code": debit}, "credit": {"code": credit}, "amount": amount}
            for debit, credit, amount in postings
        ],
        **fields,
    }


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    cursor_factory: type[AsyncCursor[TupleRow]] = ObservedCursor,
    **settings: Any,  # noqa: ANN401
) -> AsyncIterator[Api]:
    """The application over a database, its pool open while the block runs.

    Nothing happens in the background unless the settings say so: tests count statements. Nor are
    rates held against a test, whose requests all come from one caller, as fast as they can.
    """
    quiet = {
        "sweep_interval_seconds": 0,
        "seal_interval_seconds": 0,
        "measure_interval_seconds": 0,
        "credential_cost_per_second": 0,
        "credential_mutations_per_second": 0,
    }
    configured = Settings(database_url=SecretStr(database_url), **{**quiet, **settings})
    application = app.create(configured, cursor_factory=cursor_factory)
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            state = application.state
            yield Api(client, state.pool, state.operations)
