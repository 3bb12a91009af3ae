"""Trusted documents: those that an application was built with, which clients ask for by id.

They come from a folder of `.graphql` files, each a whole document, or from a manifest: Relay's and
graphql-codegen's persisted documents (`{id: text}`), or Apollo's (`operations` of ids and bodies).
Beside its id in the manifest every document goes by the SHA-256 of its text, with and without
`sha256:` before it, as GraphQL over HTTP's appendix on persisted documents has it; and a file by
its path in the folder, without `.graphql`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import orjson
from graphql import GraphQLError

from ledger.texts import shown

_APOLLO: Final = "apollo-persisted-query-manifest"
_SHA256: Final = "sha256:"
# Enough to see what is wrong with a manifest of thousands.
_COMPLAINTS_MAX: Final = 10

Document = TypeVar("Document")


class TrustedDocumentsError(Exception):
    """One line for each document that cannot be used."""


def read(path: Path, check: Callable[[str], Document | list[GraphQLError]]) -> dict[str, Document]:
    """The documents by each of their ids; TrustedDocumentsError where any is wrong."""
    known: dict[str, str] = {}
    documents: dict[str, Document] = {}
    complaints: list[str] = []
    for id_, text in _texts(path):
        if known.get(id_, text) != text:
            complaints.append(f"{path}: two documents have the id {id_}.")
            continue
        checked = check(text)
        if isinstance(checked, list):
            complaints.extend(f"{path}: document {id_}: {_said(error)}" for error in checked)
            continue
        digest = hashlib.sha256(text.encode()).hexdigest()
        if id_.startswith(_SHA256) and id_ != f"{_SHA256}{digest}":
            complaints.append(f"{path}: document {id_}: its text has the SHA-256 {digest}.")
            continue
        for name in (id_, digest, f"{_SHA256}{digest}"):
            known[name] = text
            documents[name] = checked
    if not documents and not complaints:
        complaints.append(f"{path}: no document is in it.")
    if complaints:
        raise TrustedDocumentsError("\n".join(complaints[:_COMPLAINTS_MAX]))
    return documents


def not_trusted() -> GraphQLError:
    """Nothing but trusted documents is run, and this is none."""
    return GraphQLError(
        "Only trusted documents are run here. Send the `documentId` of one instead of a `query`, "
        "or have the document added to them.",
        extensions={"code": "DOCUMENT_NOT_TRUSTED"},
    )


def unknown(id_: str) -> GraphQLError:
    """No trusted document has this id."""
    return GraphQLError(
        f"No trusted document has the id {shown(id_)!r}. The server has those it was started with: "
        "it may be older or newer than this client.",
        extensions={"code": "DOCUMENT_NOT_FOUND"},
    )


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    try:
        if path.is_dir():
            for file in sorted([*path.rglob("*.graphql"), *path.rglob("*.gql")]):
                id_ = file.relative_to(path).with_suffix("").as_posix()
                yield id_, file.read_text(encoding="utf-8")
        else:
            yield from _of_manifest(path, orjson.loads(path.read_bytes()))
    except OSError as error:
        raise TrustedDocumentsError(f"{path}: {error.strerror or error}.") from None
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise TrustedDocumentsError(f"{path}: cannot be read: {error}.") from None


def _of_manifest(path: Path, manifest: object) -> Iterable[tuple[str, str]]:
    pairs: list[tuple[object, object]] = []
    if isinstance(manifest, dict) and "operations" in manifest:
        operations = manifest["operations"]
        if manifest.get("format") != _APOLLO or not isinstance(operations, list):
            raise TrustedDocumentsError(f"{path}: has operations, but not the format {_APOLLO}.")
        pairs = [
            (one.get("id"), one.get("body")) if isinstance(one, dict) else (None, None)
            for one in operations
        ]
    elif isinstance(manifest, dict):
        pairs = list(manifest.items())
    if any(not isinstance(part, str) for pair in pairs for part in pair) or not isinstance(
        manifest, dict
    ):
        raise TrustedDocumentsError(
            f'{path}: is no manifest of documents, such as {{"id": "{{ __typename }}"}}.'
        )
    return [(str(id_), str(text)) for id_, text in pairs]


def _said(error: GraphQLError) -> str:
    where = error.locations[0] if error.locations else None
    return error.message if where is None else f"{where.line}:{where.column}: {error.message}"
