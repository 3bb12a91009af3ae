"""GraphQL documents: read and checked once, then remembered by their text.

A request names its document by its text, by a trusted document's id, or, as Apollo's clients do,
by the hash of a text that was sent before.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from ledger.texts import shown
from server import (
    authorization,
    costs,
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
# In all. A parsed document was measured to take some 120 bytes for each character of its text.
_REMEMBERED_LENGTHS_MAX: Final = 250_000


class Document:
    """A valid document within the limits."""

    def __init__(self, node: DocumentNode, schema: GraphQLSchema) -> None:
        self.node = node
        # The hash by which clients ask for it instead of sending its text.
        self.persisted_as: str | None = None
        self._schema = schema
        self._costs: dict[str, Amount] = {}
        self._mutations: dict[str, Amount] = {}
        self._root_fields: dict[str, frozenset[str]] = {}

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
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._lengths = 0
        self._text_by_hash: dict[str, str] = {}

    def find(self, asked: GraphQLRequest) -> Document | list[GraphQLError]:
        """The document that a request asks for, or what is wrong with it."""
        if asked.document_id is not None:
            return self._by_id(asked)
        if asked.extensions is not None and "persistedQuery" in asked.extensions:
            return self._persisted(asked, asked.extensions["persistedQuery"])
        if self._configured.trusted_documents_only:
            return [trusted_documents.not_trusted()]
        if not asked.query:
            return [GraphQLError("The request has neither a `query` nor a `documentId`.")]
        return self._by_text(asked.query)

    def _by_id(self, asked: GraphQLRequest) -> Document | list[GraphQLError]:
        if asked.query:
            return [GraphQLError("Send a `query` or a `documentId`, not both.")]
        found = self._trusted.get(asked.document_id or "")
        return [trusted_documents.unknown(asked.document_id or "")] if found is None else found

    def _persisted(self, asked: GraphQLRequest, named: object) -> Document | list[GraphQLError]:
        digest = persisted_queries.digest(named)
        trusted = self._trusted.get(digest or "")
        if trusted is not None:
            return trusted
        if self._configured.trusted_documents_only:
            return [trusted_documents.not_trusted()]
        if digest is None:
            return [persisted_queries.not_supported()]
        if not asked.query:
            text = self._text_by_hash.get(digest)
            return [persisted_queries.not_found()] if text is None else self._by_text(text)
        if persisted_queries.of(asked.query) != digest:
            return [persisted_queries.mismatch()]
        found = self._by_text(asked.query)
        if isinstance(found, Document) and asked.query in self._remembered:
            found.persisted_as = digest
            self._text_by_hash[digest] = asked.query
        return found

    def _by_text(self, text: str) -> Document | list[GraphQLError]:
        known = self._remembered.get(text)
        if known is not None:
            self._remembered.move_to_end(text)
            return known
        read = validation.read(text, self._schema, self._configured)
        if isinstance(read, list):
            return read
        document = Document(read, self._schema)
        if len(text) <= _REMEMBERED_LENGTH_MAX:
            self._remember(text, document)
        return document

    def _remember(self, text: str, document: Document) -> None:
        self._remembered[text] = document
        self._lengths += len(text)
        while self._lengths > _REMEMBERED_LENGTHS_MAX:
            forgotten, oldest = self._remembered.popitem(last=False)
            self._lengths -= len(forgotten)
            if oldest.persisted_as is not None:
                del self._text_by_hash[oldest.persisted_as]

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
