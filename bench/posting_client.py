"""A client process that posts at a steady rate, over a few connections, so many in a request.

A task comes as JSON on standard input; when each key was sent, and to which account, goes out as
JSON once all are answered.
"""

import asyncio
import json
import sys
import time
from typing import Any, Final

import orjson

_CONNECTIONS: Final = 16
# Postings of one account wait for each other; a busy ledger has more than one.
CASH_ACCOUNTS: Final = 50
_POST: Final = """
    mutation ($input: PostTransactionsInput!) {
        postTransactions(input: $input) { results { __typename } }
    }
"""


async def post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: str, wanted: dict[str, Any]
) -> None:
    """Send one mutation over a connection that is kept; raises unless it succeeds."""
    body = orjson.dumps({"query": query, "variables": {"input": wanted}})
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    answer = await reader.readexactly(length)
    if b"Success" not in answer:
        raise RuntimeError(f"not done: {answer!r}")


def main() -> None:
    """Serve one task."""
    task = json.loads(sys.stdin.read())
    print(json.dumps(asyncio.run(_posted(task))))


async def _posted(task: dict[str, Any]) -> dict[str, dict[str, Any]]:
    at: dict[str, float] = {}
    accounts: dict[str, str] = {}
    began = time.perf_counter()
    requests = iter(range(task["rate"] * task["seconds"] // task["batch"]))

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", task["port"])
        for request in requests:
            due = began + request * task["batch"] / task["rate"]
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            transactions = []
            for number in range(request * task["batch"], (request + 1) * task["batch"]):
                key, account = f"{task['prefix']}:{number}", f"s{number % task['accounts']}"
                cash = {"code": f"cash{number % CASH_ACCOUNTS}"}
                leg = {"debit": cash, "credit": {"code": account}, "amount": "0.01"}
                transactions.append({"idempotencyKey": key, "postings": [leg]})
                at[key], accounts[key] = time.time(), account
            await post(reader, writer, _POST, {"transactions": transactions})
        writer.close()

    await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))
    return {"at": at, "accounts": accounts}


if __name__ == "__main__":
    main()
