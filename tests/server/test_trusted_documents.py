"""Trusted documents: read from the shapes that tools write, checked at start, asked for by id."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from schema.build import GRAPHQL_SCHEMA
from server.documents import Document, Documents
from server.requests import GraphQLRequest
from server.settings import Settings, SettingsError
from server.settings import read as read_settings
from server.trusted_documents import TrustedDocumentsError
from tests.api import Api, serving
from tests.servers import running

TEXT: Final = "query Code { ledger { code } }"
SHA256: Final = hashlib.sha256(TEXT.encode()).hexdigest()
MD5: Final = "3a1b2c3d4e5f60718293a4b5c6d7e8f9"
SHA1: Final = "7f56e67dd21ab3f30d1ff8b7bed08893f0a0db86"


def _apollo(*operations: dict[str, str]) -> dict[str, Any]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": list(operations),
    }


def _written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def _folder(path: Path) -> Path:
    (path / "ledger").mkdir()
    (path / "ledger" / "code.graphql").write_text(TEXT)
    (path / "README").write_text("not a document")
    return path


# What each tool writes, and the id that its clients send.
MANIFESTS: Final[dict[str, tuple[str, Callable[[Path], Path]]]] = {
    "Relay": (MD5, lambda path: _written(path / "persisted-queries.json", {MD5: TEXT})),
    "graphql-codegen": (SHA1, lambda path: _written(path / "persisted.json", {SHA1: TEXT})),
    "graphql-codegen with sha256": (
        f"sha256:{SHA256}",
        lambda path: _written(path / "persisted.json", {f"sha256:{SHA256}": TEXT}),
    ),
    "Apollo": (
        SHA256,
        lambda path: _written(
            path / "manifest.json",
            _apollo({"id": SHA256, "name": "Code", "type": "query", "body": TEXT}),
        ),
    ),
    "a folder": ("ledger/code", _folder),
}


async def ask(api: Api, **content: Any) -> httpx.Response:  # noqa: ANN401
    return await api.client.post("/graphql", json=content)


def code(response: httpx.Response) -> str:
    assert response.status_code == 400
    assert "data" not in response.json()
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("kind", MANIFESTS)
async def test_a_document_is_run_by_its_id_by_post_and_by_get(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    id_, write = MANIFESTS[kind]
    async with serving(database_url, trusted_documents=write(tmp_path)) as api:
        for name in (id_, SHA256, f"sha256:{SHA256}"):
            posted = await ask(api, documentId=name)
            assert posted.json()["data"] == {"ledger": {"code": "main"}}, name
            got = await api.client.get("/graphql", params={"documentId": name})
            assert got.json() == posted.json()
            persisted = {"persistedQuery": {"version": 1, "sha256Hash": name}}
            assert (await ask(api, extensions=persisted)).json() == posted.json()


async def test_beside_trusted_documents_others_are_run_unless_told_otherwise(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url, trusted_documents=_folder(tmp_path)) as api:
        assert await api("{ __typename }") == {"__typename": "Query"}
        unknown = await ask(api, documentId="nope")
        assert code(unknown) == "DOCUMENT_NOT_FOUND"
        both = await ask(api, documentId=SHA256, query=TEXT)
        assert "not both" in both.json()["errors"][0]["message"]


async def test_nothing_but_trusted_documents_is_run_where_told_so(
    database_url: str, tmp_path: Path
) -> None:
    folder = _folder(tmp_path)
    async with serving(database_url, trusted_documents=folder, trusted_documents_only=True) as api:
        assert "data" in (await ask(api, documentId=SHA256)).json()
        other = {"version": 1, "sha256Hash": hashlib.sha256(b"{ __typename }").hexdigest()}
        for content in (
            {"query": "{ __typename }"},
            {"query": TEXT},
            {"query": "{ not even"},
            {"extensions": {"persistedQuery": other}},
            {"query": "{ __typename }", "extensions": {"persistedQuery": other}},
            {"query": "{ __schema { types { name } } }"},
        ):
            refused = await ask(api, **content)
            assert code(refused) == "DOCUMENT_NOT_TRUSTED", content
            assert "documentId" in refused.json()["errors"][0]["message"]
        assert code(await ask(api, documentId="nope")) == "DOCUMENT_NOT_FOUND"


async def test_a_mutation_of_a_trusted_document_is_not_run_by_get(
    database_url: str, tmp_path: Path
) -> None:
    text = 'mutation { freezeAccount(input: { account: { code: "a" } }) { __typename } }'
    path = _written(tmp_path / "m.json", {"freeze": text})
    async with serving(database_url, trusted_documents=path) as api:
        response = await api.client.get("/graphql", params={"documentId": "freeze"})
        assert response.status_code == 405
        assert "data" in (await ask(api, documentId="freeze")).json()


@pytest.mark.parametrize("id_", ["", "a" * 1_000_000, "\x00", "../../etc/passwd", "é", "sha256:"])
async def test_any_id_is_answered_shortly(database_url: str, tmp_path: Path, id_: str) -> None:
    async with serving(database_url, trusted_documents=_folder(tmp_path)) as api:
        response = await ask(api, documentId=id_)
        assert response.status_code == 400
        assert len(response.content) < 1000


def test_trusted_documents_are_not_pushed_out_by_others(tmp_path: Path) -> None:
    documents = Documents(GRAPHQL_SCHEMA, Settings(trusted_documents=_folder(tmp_path)))
    trusted = documents.find(GraphQLRequest(query=None, document_id=SHA256))
    assert isinstance(trusted, Document)
    for number in range(60):
        text = f"query Q{number} {{ __typename }}".ljust(9_000)
        documents.find(GraphQLRequest(query=text))
    assert documents.find(GraphQLRequest(query=None, document_id=SHA256)) is trusted


WRONG: Final[dict[str, tuple[object, str]]] = {
    "an unknown field": ({"a": "{ nope }"}, "document a: 1:3: Cannot query field 'nope'"),
    "a syntax error": ({"a": "{ ledger"}, "document a: 1:9: Syntax Error"),
    "no text": ({"a": ""}, "document a: 1:1: Syntax Error"),
    "more than a limit": (
        {"a": "{" + " __typename" * 51 + "}"},
        "document a: The document has 51 fields at the root",
    ),
    "too costly whatever the variables": (
        {"a": "{ users { nodes { accounts { nodes { entries { nodes { id } } } } } } }"},
        "document a: The operation costs",
    ),
    "a hash of another text": ({f"sha256:{SHA256}": "{ __typename }"}, "has the SHA-256"),
    "an operation without a body": (_apollo({"id": "a"}), "is no manifest"),
    "two texts of one id": (
        _apollo({"id": "a", "body": TEXT}, {"id": "a", "body": "{ __typename }"}),
        "two documents have the id a",
    ),
    "another format": ({"format": "x", "operations": []}, "not the format"),
    "nothing": ({}, "no document is in it"),
    "a list": ([TEXT], "is no manifest"),
    "a number for a text": ({"a": 5}, "is no manifest"),
    "null": (None, "is no manifest"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_manifest_is_refused_by_file_and_id(tmp_path: Path, kind: str) -> None:
    content, said = WRONG[kind]
    path = _written(tmp_path / "manifest.json", content)
    with pytest.raises(TrustedDocumentsError) as refused:
        Documents(GRAPHQL_SCHEMA, Settings(trusted_documents=path))
    assert f"{path}: " in str(refused.value)
    assert said in str(refused.value)


def test_what_cannot_be_read_is_refused_by_file(tmp_path: Path) -> None:
    (tmp_path / "not.json").write_text("{")
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin").mkdir()
    (tmp_path / "latin" / "a.graphql").write_bytes(b"{ ledger } # \xff")
    for name in ("not.json", "empty", "latin", "missing.json"):
        with pytest.raises(TrustedDocumentsError, match=name):
            Documents(GRAPHQL_SCHEMA, Settings(trusted_documents=tmp_path / name))


def test_every_wrong_document_is_named_at_once(tmp_path: Path) -> None:
    path = _written(tmp_path / "m.json", {"a": "{ x }", "b": TEXT, "c": "{ y }"})
    with pytest.raises(TrustedDocumentsError) as refused:
        Documents(GRAPHQL_SCHEMA, Settings(trusted_documents=path))
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == [
        "document a",
        "document c",
    ]


def test_a_document_whose_cost_depends_on_variables_is_taken(tmp_path: Path) -> None:
    inner = "accounts(first: $n) { nodes { entries(first: $n) { nodes { id } } } }"
    text = f"query ($n: Int) {{ users(first: $n) {{ nodes {{ {inner} }} }} }}"
    path = _written(tmp_path / "m.json", {"a": text})
    assert Documents(GRAPHQL_SCHEMA, Settings(trusted_documents=path))


def test_only_trusted_documents_needs_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLORIN_TRUSTED_DOCUMENTS_ONLY", "true")
    with pytest.raises(SettingsError, match="needs FLORIN_TRUSTED_DOCUMENTS"):
        read_settings()


def test_florin_does_not_start_on_a_wrong_document(database_url: str, tmp_path: Path) -> None:
    path = _written(tmp_path / "m.json", {"wrong": "{ nope }"})
    command = [sys.executable, "-m", "server", "serve", "--trusted-documents", str(path)]
    ended = subprocess.run(  # noqa: S603 - our own
        command,
        env={**os.environ, "DATABASE_URL": database_url, "FLORIN_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "document wrong: 1:3: Cannot query field 'nope'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_florin_serve_takes_them_in_every_process(database_url: str, tmp_path: Path) -> None:
    path = _written(tmp_path / "persisted.json", {MD5: TEXT})
    options = ("--workers", "2", "--trusted-documents", str(path), "--trusted-documents-only")
    with running(database_url, *options) as address, httpx.Client() as client:
        for _ in range(10):
            answer = client.post(f"{address}/graphql", json={"documentId": MD5})
            assert answer.json()["data"] == {"ledger": {"code": "main"}}
            refused = client.post(f"{address}/graphql", json={"query": TEXT})
            assert code(refused) == "DOCUMENT_NOT_TRUSTED"
