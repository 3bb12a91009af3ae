"""GraphQL documents: parsed and validated once, then remembered by their text."""

from collections import OrderedDict
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

# Applications send few documents and send them often. Long ones are likely to hold literal data,
# and would only push the others out.
_REMEMBERED_MAX: Final = 500
_REMEMBERED_LENGTH_MAX: Final = 20_000


class Documents:
    """A bounded memory of valid documents, least recently used out first."""

    def __init__(self, schema: GraphQLSchema, *, tokens_max: int) -> None:
        self._schema = schema
        self._tokens_max = tokens_max
        self._valid: OrderedDict[str, DocumentNode] = OrderedDict()

    def read(self, text: str) -> DocumentNode | list[GraphQLError]:
        """The valid document, or what is wrong with it."""
        known = self._valid.get(text)
        if known is not None:
            self._valid.move_to_end(text)
            return known
        try:
            document = parse(text, max_tokens=self._tokens_max)
            errors = validate(self._schema, document)
        except GraphQLError as error:
            return [error]
        except RecursionError:
            return [GraphQLError("The document is nested too deeply to be read.")]
        if errors:
            return errors
        if len(text) <= _REMEMBERED_LENGTH_MAX:
            self._valid[text] = document
            if len(self._valid) > _REMEMBERED_MAX:
                self._valid.popitem(last=False)
        return document


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
    return GraphQLError(f"The document has no operation named {name!r}.")
