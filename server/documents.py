"""GraphQL documents: read and checked once, then remembered by their text.

A request names its document by its text, by a trusted document's id, or, as Apollo's clients do,
by the hash of a text that was sent before: sent by a caller of the same ledger, so that nobody can
find out by a hash, or by the time that it takes, what is asked of another.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from execution import Plan, compile_plan
from ledger.texts import shown
from server import (
    authorization,
    costs,
    limits,
    mutation_counts,
    persisted_queries,
    trusted_documents,
    validation,
)
from server.amounts import Amount
from server.limit_settings import LimitSettings
from server.requests import GraphQLRequest

# Applications send few documents and send them often. Long ones are likely to hold literal data,
# and would only push the others out.
_REMEMBERED_LENGTH_MAX: Final = 10_000
# In all. A parsed document was measured to take some 120 bytes for each character of its text, and
# its plans as much as seven for each of their fields.
_REMEMBERED_LENGTHS_MAX: Final = 250_000
_LENGTH_OF_FIELD: Final = 7
# Of ledgers and documents together. A hash that is forgotten costs its client one request more.
_HASHES_MAX: Final = 10_000
# Whose documents are everybody's: they hold no text of anybody's own.
_ANYBODYS: Final = 0

# A ledger's id, and a document's text or its hash.
_Key: TypeAlias = tuple[int, str]


class Document:
    """A valid document within the limits."""

    def __init__(
        self, node: DocumentNode, schema: GraphQLSchema, key: _Key = (_ANYBODYS, "")
    ) -> None:
        self.node = node
        # What it is remembered by, if it is, and how long it counts for then.
        self.key = key
        self.length = len(key[1]) + _LENGTH_OF_FIELD * limits.compiled_max(node)
        self._schema = schema
        self._costs: dict[str, Amount] = {}
        self._mutations: dict[str, Amount] = {}
        self._root_fields: dict[str, frozenset[str]] = {}
        self._plans: dict[str | None, Plan | list[GraphQLError]] = {}

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> int:
        """What one of its operations costs with these variables, right or wrong."""
        return costs.with_variables(self._cost(operation), variables)

    def mutations(self, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> int:
        """How many mutations one of its operations is, each item of a batch counted."""
        name = operation.name.value if operation.name is not None else ""
        known = self._mutations.get(name)
        if known is None:
            known = mutation_counts.of(operation, self._fragments(), self._schema)
            self._mutations[name] = known
        return costs.with_variables(known, variables)

    def fixed_cost(self, operation: OperationDefinitionNode) -> int | None:
        """What one of its operations costs; None where that depends on variables."""
        cost = self._cost(operation)
        return cost if isinstance(cost, int) else None

    def root_fields(self, operation: OperationDefinitionNode) -> frozenset[str]:
        """The names of the fields that one of its operations begins with."""
        name = operation.name.value if operation.name is not None else ""
        known = self._root_fields.get(name)
        if known is None:
            known = frozenset(authorization.root_fields(operation, self._fragments()))
            self._root_fields[name] = known
        return known

    def plan(self, operation_name: str | None) -> Plan | list[GraphQLError]:
        """The plan of one of its operations, or of the only one, or why there is none."""
        known = self._plans.get(operation_name)
        if known is None:
            known = self._plans[operation_name] = compile_plan(
                self._schema, self.node, operation_name
            )
        return known

    def _fragments(self) -> dict[str, FragmentDefinitionNode]:
        return {
            definition.name.value: definition
            for definition in self.node.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def _cost(self, operation: OperationDefinitionNode) -> Amount:
        name = operation.name.value if operation.name is not None else ""
        known = self._costs.get(name)
        if known is None:
            known = costs.of(operation, self._fragments(), self._schema)
            self._costs[name] = known
        return known


class Documents:
    """Trusted documents, and a bounded memory of others, least recently used out first."""

    def __init__(self, schema: GraphQLSchema, configured: LimitSettings) -> None:
        """Reads the trusted documents; TrustedDocumentsError names those that are wrong."""
        self.cost_max: Final = configured.cost_max
        self._schema = schema
        self._configured = configured
        self._trusted = self._read_trusted()
        self._remembered: OrderedDict[_Key, Document] = OrderedDict()
        self._lengths = 0
        # What is remembered by a hash that a ledger's callers have sent with it.
        self._hashes: WeakValueDictionary[_Key, Document] = WeakValueDictionary()

    def find(
        self, asked: GraphQLRequest, *, ledger_id: int = _ANYBODYS
    ) -> Document | list[GraphQLError]:
        """The document that a request to a ledger asks for, or what is wrong with it."""
        if asked.document_id is not None:
            return self._by_id(asked)
        if asked.extensions is not None and "persistedQuery" in asked.extensions:
            return self._persisted(asked, asked.extensions["persistedQuery"], ledger_id)
        if self._configured.trusted_documents_only:
            return [trusted_documents.not_trusted()]
        if not asked.query:
            return [GraphQLError("The request has neither a `query` nor a `documentId`.")]
        return self._by_text(_key(asked.query, ledger_id))

    def _by_id(self, asked: GraphQLRequest) -> Document | list[GraphQLError]:
        if asked.query:
            return [GraphQLError("Send a `query` or a `documentId`, not both.")]
        found = self._trusted.get(asked.document_id or "")
        return [trusted_documents.unknown(asked.document_id or "")] if found is None else found

    def _persisted(
        self, asked: GraphQLRequest, named: object, ledger_id: int
    ) -> Document | list[GraphQLError]:
        digest = persisted_queries.digest(named)
        trusted = self._trusted.get(digest or "")
        if trusted is not None:
            return trusted
        if self._configured.trusted_documents_only:
            return [trusted_documents.not_trusted()]
        if digest is None:
            return [persisted_queries.not_supported()]
        if not asked.query:
            return self._by_hash((ledger_id, digest))
        if persisted_queries.of(asked.query) != digest:
            return [persisted_queries.mismatch()]
        key = _key(asked.query, ledger_id)
        found = self._by_text(key)
        if isinstance(found, Document) and key in self._remembered:
            if len(self._hashes) >= _HASHES_MAX:
                self._hashes.clear()
            self._hashes[ledger_id, digest] = found
        return found

    def _by_hash(self, hash_: _Key) -> Document | list[GraphQLError]:
        found = self._hashes.get(hash_)
        if found is None:
            return [persisted_queries.not_found()]
        if found.key in self._remembered:
            self._remembered.move_to_end(found.key)
        return found

    def _by_text(self, key: _Key) -> Document | list[GraphQLError]:
        known = self._remembered.get(key)
        if known is not None:
            self._remembered.move_to_end(key)
            return known
        _, text = key
        read = validation.read(text, self._schema, self._configured)
        if isinstance(read, list):
            return read
        document = Document(read, self._schema, key)
        if len(text) <= _REMEMBERED_LENGTH_MAX:
            self._remember(key, document)
        return document

    def _remember(self, key: _Key, document: Document) -> None:
        self._remembered[key] = document
        self._lengths += document.length
        while self._lengths > _REMEMBERED_LENGTHS_MAX:
            _, forgotten = self._remembered.popitem(last=False)
            self._lengths -= forgotten.length

    def _read_trusted(self) -> dict[str, Document]:
        path = self._configured.trusted_documents
        return {} if path is None else trusted_documents.read(path, self._checked)

    def _checked(self, text: str) -> Document | list[GraphQLError]:
        """A trusted document within the limits; its cost, too, where variables do not decide."""
        read = validation.read(text, self._schema, self._configured)
        if isinstance(read, list):
            return read
        document = Document(read, self._schema)
        costly = [
            costs.refusal(cost, self.cost_max)
            for definition in read.definitions
            if isinstance(definition, OperationDefinitionNode)
            and (cost := document.fixed_cost(definition)) is not None
            and cost > self.cost_max
        ]
        return costly or document


def _key(text: str, ledger_id: int) -> _Key:
    """What a document is remembered by: for its ledger alone where it quotes anything.

    What is asked over and over has its values in variables, and is then read once for all ledgers.
    """
    return (ledger_id if '"' in text else _ANYBODYS, text)


def operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | GraphQLError:
    """The operation to run: the one of that name, or the only one."""
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        return GraphQLError(
            f"The document has {len(operations)} operations; say in `operationName` which to run."
        )
    for definition in operations:
        if definition.name is not None and definition.name.value == name:
            return definition
    return GraphQLError(f"The document has no operation named {shown(name)!r}.")
