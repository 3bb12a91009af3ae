"""What is read side by side: the same question to each contestant, and what makes answers equal."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import msgspec
import orjson

from bench import read_ledger

Dialect: TypeAlias = Literal["florin", "postgraphile", "bare"]
# Asks a contestant; its answer's data.
Ask: TypeAlias = Callable[[str, Mapping[str, Any]], Any]

# How many unlike requests each case has, sent one after the other and over again.
VARIATIONS: Final = 20


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One question: as Florin's schema has it, and as PostGraphile has it of the same tables.

    ``of_theirs`` makes PostGraphile's data what Florin's would be.
    """

    name: str
    title: str
    ours: str
    theirs: str
    variables: Callable[[int], Mapping[str, Any]] | None = None
    # The field whose pages are read one after the other, each with its own cursor.
    pages_of: tuple[str, str] | None = None
    of_theirs: Callable[[Any], Any]

    def document(self, dialect: Dialect) -> str:
        """What stands in a request's ``query``."""
        return {"florin": self.ours, "postgraphile": self.theirs, "bare": self.name}[dialect]

    def variations(self, dialect: Dialect, ask: Ask) -> list[Mapping[str, Any]]:
        """The variables of each request; ``ask`` is asked for cursors, where there are any."""
        if self.pages_of is not None:
            return self._cursors(dialect, ask, self.pages_of[dialect == "postgraphile"])
        made = self.variables or (lambda _: {})
        all_of_them = [made(number) for number in range(VARIATIONS)]
        if dialect == "postgraphile":
            return [_json_as_text(one) for one in all_of_them]
        return all_of_them

    def plain(self, dialect: Dialect, data: Any) -> Any:  # noqa: ANN401 - JSON
        """The data as Florin's would be."""
        if dialect == "postgraphile":
            return self.of_theirs(data)
        if dialect == "bare" and self.pages_of is not None:
            return {name: {"nodes": value["nodes"]} for name, value in data.items()}
        return data

    def _cursors(self, dialect: Dialect, ask: Ask, field: str) -> list[Mapping[str, Any]]:
        """From the beginning, each with where the page before ended."""
        document = self.document(dialect)
        if dialect != "bare":
            # The last brace but one closes the connection.
            document = f"{document.rsplit('}', 2)[0]} pageInfo {{ endCursor }} }} }}"
        found: list[Mapping[str, Any]] = [{"after": None}]
        while len(found) < VARIATIONS:
            data = ask(document, found[-1])
            found.append({"after": data[field]["pageInfo"]["endCursor"]})
        return found


def _json_as_text(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: orjson.dumps(value).decode() if isinstance(value, dict) else value
        for name, value in variables.items()
    }


def _code(number: int) -> Mapping[str, Any]:
    return {"code": f"user:{number * 41 % 1000:04d}:wallet"}


def _group(number: int) -> Mapping[str, Any]:
    return {"metadata": {"group": number * 7 % read_ledger.GROUPS}}


def _major(minor: str) -> str:
    return str(Decimal(minor).scaleb(-2))


def _account(data: Any) -> Any:  # noqa: ANN401
    return {"account": data["accountByLedgerIdAndCode"]}


def _accounts(data: Any) -> Any:  # noqa: ANN401
    nodes = data["allAccounts"]["nodes"]
    for node in nodes:
        if "posted" in node:
            node["balance"] = {"posted": _major(node.pop("posted"))}
    return {"accounts": {"nodes": nodes}}


def _entries(data: Any) -> Any:  # noqa: ANN401
    account = data["accountByLedgerIdAndCode"]
    for entry in account["entries"]["nodes"]:
        _in_major_units(entry)
        entry["transaction"]["postings"] = entry["transaction"]["postings"]["nodes"]
    return {"account": account}


def _levels(data: Any) -> Any:  # noqa: ANN401
    users = data["allUsers"]
    for user in users["nodes"]:
        for account in user["accounts"]["nodes"]:
            account["balance"] = {"posted": _major(account.pop("posted"))}
            for entry in account["entries"]["nodes"]:
                _in_major_units(entry)
    return {"users": users}


def _in_major_units(entry: dict[str, Any]) -> None:
    for field in ("amount", "balanceAfter"):
        entry[field] = _major(entry[field])


ACCOUNT: Final = Read(
    name="account",
    title="account by code with owner",
    ours="""query ($code: String!) {
        account(by: { code: $code }) { code name owner { username email } }
    }""",
    theirs="""query ($code: String!) {
        accountByLedgerIdAndCode(ledgerId: 1, code: $code) {
            code name owner: userByLedgerIdAndOwnerId { username email }
        }
    }""",
    variables=_code,
    of_theirs=_account,
)
ACCOUNTS: Final = Read(
    name="accounts",
    title="50 accounts with owner and balance",
    ours="""query ($after: String) {
        accounts(first: 50, after: $after) {
            nodes { code balance { posted } owner { username } }
        }
    }""",
    theirs="""query ($after: Cursor) {
        allAccounts(first: 50, after: $after, condition: { ledgerId: 1 }) {
            nodes { code posted owner: userByLedgerIdAndOwnerId { username } }
        }
    }""",
    pages_of=("accounts", "allAccounts"),
    of_theirs=_accounts,
)
ENTRIES: Final = Read(
    name="entries",
    title="20 entries with counter-accounts",
    ours="""query ($code: String!) {
        account(by: { code: $code }) {
            code
            entries(first: 20) {
                nodes {
                    version side amount balanceAfter
                    transaction {
                        idempotencyKey state postings { debit { code } credit { code } }
                    }
                }
            }
        }
    }""",
    theirs="""query ($code: String!) {
        accountByLedgerIdAndCode(ledgerId: 1, code: $code) {
            code
            entries: entriesByLedgerIdAndAccountId(first: 20, orderBy: PRIMARY_KEY_DESC) {
                nodes {
                    version side amount balanceAfter
                    transaction: transactionByLedgerIdAndTransactionId {
                        idempotencyKey state
                        postings: postingsByLedgerIdAndTransactionId {
                            nodes { debit { code } credit { code } }
                        }
                    }
                }
            }
        }
    }""",
    variables=_code,
    of_theirs=_entries,
)
LEVELS: Final = Read(
    name="levels",
    title="three levels deep",
    ours="""query ($after: String) {
        users(first: 10, after: $after) {
            nodes {
                username
                accounts(first: 5) {
                    nodes { code balance { posted }
                        entries(first: 2) { nodes { amount balanceAfter } }
                    }
                }
            }
        }
    }""",
    theirs="""query ($after: Cursor) {
        allUsers(first: 10, after: $after, condition: { ledgerId: 1 }) {
            nodes {
                username
                accounts: accountsByLedgerIdAndOwnerId(first: 5) {
                    nodes { code posted
                        entries: entriesByLedgerIdAndAccountId(
                            first: 2, orderBy: PRIMARY_KEY_DESC
                        ) { nodes { amount balanceAfter } }
                    }
                }
            }
        }
    }""",
    pages_of=("users", "allUsers"),
    of_theirs=_levels,
)
METADATA: Final = Read(
    name="metadata",
    title="filter by metadata",
    ours="""query ($metadata: JSON!) {
        accounts(first: 50, filter: { metadata: { contains: $metadata } }) {
            nodes { code name metadata }
        }
    }""",
    theirs="""query ($metadata: String!) {
        allAccounts(first: 50, condition: { ledgerId: 1, metadataContains: $metadata }) {
            nodes { code name metadata }
        }
    }""",
    variables=_group,
    of_theirs=_accounts,
)
TYPENAME: Final = Read(
    name="typename",
    title="{ __typename }",
    ours="{ __typename }",
    theirs="{ __typename }",
    of_theirs=lambda data: data,
)
READS: Final = (ACCOUNT, ACCOUNTS, ENTRIES, LEVELS, METADATA, TYPENAME)
