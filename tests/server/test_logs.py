"""Logs: a line an operation that says who asked for what and how it ended."""

import contextlib
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Final

import httpx

from server import log_safety, logs
from server.settings import Settings
from tests.credentials import SECRET, new_key
from tests.logged import lines, operations
from tests.servers import free_port
from tests.sockets import PATIENCE_SECONDS, connected, served

CANARY: Final = "canary4711"
NAMED: Final = "query Named($code: String!) { account(by: { code: $code }) { owner { username } } }"
CREATE_USER: Final = """
    mutation Create($input: CreateUserInput!) { createUser(input: $input) { __typename } }
"""
# What a schema of ours never does; whoever adds it should not find his users' names in the log.


async def test_an_operation_is_one_line_that_says_who_what_and_how_it_ended(
    database_url: str, logged: io.StringIO
) -> None:
    key = new_key(database_url, scopes=["read"])
    async with (
        served(database_url, api_key_secret=SECRET) as florin,
        httpx.AsyncClient(headers=key.headers) as client,
    ):
        body = {"query": NAMED, "variables": {"code": "none"}}
        # The first one also has the key looked up.
        await client.post(florin.http, json=body)
        answer = await client.post(florin.http, json=body, headers={"x-request-id": "abc-1"})
    assert answer.status_code == 200
    first, line = operations(logged)
    assert first["statements"] == 2
    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("milliseconds") < 10_000
    assert line == {
        "level": "INFO",
        "logger": "florin.access",
        "requestId": "abc-1",
        "transport": "http",
        "status": 200,
        "outcome": "data",
        "kind": "query",
        "operation": "Named",
        "cost": answer.json()["extensions"]["cost"]["requested"],
        "statements": 1,
        "answers": 1,
        "ledger": "main",
        "credential": key.name,
    }


async def test_every_end_of_an_operation_is_told(database_url: str, logged: io.StringIO) -> None:
    key = new_key(database_url, scopes=["read"])
    async with (
        served(database_url, api_key_secret=SECRET) as florin,
        httpx.AsyncClient(headers=key.headers) as client,
    ):
        for query in ("{", "{ nothing }", "mutation { createCurrency(input: {}) { x } }"):
            await client.post(florin.http, json={"query": query})
        await client.post(florin.http, json={"query": CREATE_USER, "variables": {"input": {}}})
        await client.post(
            florin.http, json={"query": "{ ledger { code } }"}, headers={"authorization": ""}
        )
        await client.get(
            florin.http, params={"query": "{ ledger { code } }"}, headers={"accept": "image/png"}
        )
        await client.post(florin.http, content=b"{", headers={"content-type": "application/json"})
    told = [(line["outcome"], line["status"], line["kind"]) for line in operations(logged)]
    assert told == [
        ("refused", 400, "none"),
        ("refused", 400, "none"),
        ("refused", 400, "none"),
        ("forbidden", 403, "mutation"),
        ("unauthenticated", 401, "none"),
        ("refused", 406, "none"),
        ("refused", 400, "none"),
    ]


async def test_websockets_and_event_streams_have_a_line_an_operation_too(
    database_url: str, logged: io.StringIO
) -> None:
    async with served(database_url) as florin, connected(florin) as socket:
        await socket.subscribe("1", "query A { ledger { code } }")
        assert (await socket.hear())["type"] == "next"
        assert (await socket.hear())["type"] == "complete"
        await socket.subscribe("2", "{ nothing }")
        assert (await socket.hear())["type"] == "error"
        await socket.subscribe("3", "subscription S { ledgerEvents { cursor } }")
        async with httpx.AsyncClient(headers={"accept": "text/event-stream"}) as client:
            await client.post(florin.http, json={"query": "query B { ledger { code } }"})
    told = {
        (line["transport"], line["operation"], line["outcome"], line["statements"] > 0)
        for line in operations(logged)
    }
    assert told == {
        ("websocket", "A", "data", True),
        ("websocket", None, "refused", False),
        ("websocket", "S", "gone", True),
        ("sse", "B", "data", True),
    }


def test_a_secret_that_gets_as_far_as_a_line_is_taken_out_of_it(logged: io.StringIO) -> None:
    logging.getLogger("florin.test").warning("It was %s", SECRET.get_secret_value())
    (line,) = lines(logged)
    assert line["message"] == "It was ***"


def test_an_exception_as_an_argument_is_described_without_its_message(logged: io.StringIO) -> None:
    logger = logging.getLogger("florin.test")
    logger.warning("It failed: %s", ValueError(CANARY))
    logger.warning(KeyError(CANARY))
    error = RuntimeError("A write changed 0 rows; 1 were expected.")
    error.__cause__ = KeyError(CANARY)
    logger.error("It failed", exc_info=error)
    told = lines(logged)
    assert [line.get("message") for line in told] == [
        "It failed: ValueError",
        "KeyError",
        "It failed",
    ]
    assert "RuntimeError: A write changed 0 rows; 1 were expected." in told[2]["error"]
    assert told[2]["error"].rstrip().endswith("KeyError")
    assert CANARY not in logged.getvalue()


def test_a_line_that_cannot_be_made_is_told_of_without_its_arguments(logged: io.StringIO) -> None:
    wrong = {"name": "florin.test", "msg": "%d", "args": (CANARY,), "filename": "test_logs.py"}
    # The test's runner has a handler of its own, behind this one.
    logging.getLogger().handlers[0].handle(logging.makeLogRecord(wrong))
    (line,) = lines(logged)
    assert line["logger"] == "florin.test"
    assert line["message"].startswith("A line could not be made at test_logs.py:")
    assert line["message"].endswith(": TypeError")


def test_libraries_do_not_log_below_warnings(logged: io.StringIO) -> None:
    for name in (
        "websockets",
        "httpcore",
        "httpx",
        "sse_starlette.sse",
        "uvicorn.error",
        "asyncio",
    ):
        logging.getLogger(name).info(CANARY)
    assert logged.getvalue() == ""


async def test_a_client_cannot_make_lines_long(database_url: str, logged: io.StringIO) -> None:
    async with served(database_url) as florin, httpx.AsyncClient() as client:
        name = "N" * 50_000
        await client.post(florin.http, json={"query": f"query {name} {{ __typename }}"})
        await client.post(
            florin.http, json={"query": "{ __typename }"}, headers={"x-request-id": name}
        )
    assert all(len(line) < 1000 for line in logged.getvalue().splitlines())


def test_workers_log_as_the_settings_say_and_so_does_uvicorn(database_url: str) -> None:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url, "FLORIN_WORKERS": "2"}
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "server", "serve", "--port", str(port)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            _wait_until_answered(port)
            # What is no HTTP is uvicorn's to complain of.
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
                connection.recv(1000)
        finally:
            process.send_signal(signal.SIGTERM)
        written = [json.loads(line) for line in process.stderr]
    assert process.returncode == 0
    assert {line["logger"] for line in written} >= {"florin.access", "uvicorn.error"}


def _wait_until_answered(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            query = {"query": "{ ledger { code } }"}
            answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=query)
            if answer.status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("It did not answer in time.")


def test_text_is_a_line_with_the_same_fields(database_url: str) -> None:
    stream = io.StringIO()
    record = logging.makeLogRecord(
        {
            "name": "florin.access",
            "levelname": "INFO",
            "created": 0.0,
            "fields": {"cost": 7, "status": None},
        }
    )
    root = logging.getLogger()
    handlers = list(root.handlers)
    try:
        logs.configure(Settings(log_format="text"), stream)
        root.handlers[0].handle(record)
    finally:
        root.handlers[:] = handlers
    assert stream.getvalue() == "1970-01-01T00:00:00Z INFO florin.access: cost=7\n"


def test_a_group_of_errors_is_described_with_each() -> None:
    group = ExceptionGroup("several", [ValueError(CANARY), OSError(2, "No such file", CANARY)])
    told = log_safety.traced(group)
    assert "ValueError" in told
    assert "No such file" in told
    assert CANARY not in told
