"""GraphQL documents: parsed and validated once, then remembered by their text."""

from collections import OrderedDict
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from ledger.texts import shown

# Applications send few documents and send them often. Long ones are likely to hold literal data,
# and would only push the others out.
_REMEMBERED_LENGTH_MAX: Final = 10_000
# In all. A parsed document was measured to take some 120 bytes for each character of its text.
_REMEMBERED_LENGTHS_MAX: Final = 250_000
# Finding out where an error stands means counting lines from the top, each time.
_ERRORS_MAX: Final = 10

# Strawberry's @oneOf is a directive of its own, which graphql-core's rules do not know.
_RULES: Final = (*specified_rules, OneOfInputValidationRule)


class Documents:
    """A bounded memory of valid documents, least recently used out first."""

    def __init__(
        self, schema: GraphQLSchema, *, length_max: int, tokens_max: int, depth_max: int
    ) -> None:
        self._schema = schema
        self._length_max = length_max
        self._tokens_max = tokens_max
        self._depth_max = depth_max
        self._valid: OrderedDict[str, DocumentNode] = OrderedDict()
        self._lengths = 0

    def read(self, text: str) -> DocumentNode | list[GraphQLError]:
        """The valid document, or what is wrong with it."""
        known = self._valid.get(text)
        if known is not None:
            self._valid.move_to_end(text)
            return known
        if len(text) > self._length_max:
            return [
                GraphQLError(
                    f"The document has {len(text)} characters; at most {self._length_max} are "
                    "read. Send data in variables."
                )
            ]
        try:
            document = parse(text, max_tokens=self._tokens_max)
            errors = validate(self._schema, document, _RULES, max_errors=_ERRORS_MAX)
        except GraphQLError as error:
            return [error]
        except RecursionError:
            return [GraphQLError("The document is nested too deeply to be read.")]
        if errors:
            return errors
        depth = _depth(document)
        if depth > self._depth_max:
            return [
                GraphQLError(
                    f"The document is {depth} fields deep; at most {self._depth_max} are answered."
                )
            ]
        if len(text) <= _REMEMBERED_LENGTH_MAX:
            self._remember(text, document)
        return document

    def _remember(self, text: str, document: DocumentNode) -> None:
        self._valid[text] = document
        self._lengths += len(text)
        while self._lengths > _REMEMBERED_LENGTHS_MAX:
            forgotten, _ = self._valid.popitem(last=False)
            self._lengths -= len(forgotten)


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


def _depth(document: DocumentNode) -> int:
    """How many fields stand inside each other at most, each fragment looked at once."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    known: dict[str, int] = {}

    def of(selections: SelectionSetNode | None) -> int:
        return max(map(one, selections.selections), default=0) if selections else 0

    def one(selection: SelectionNode) -> int:
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in known:
                known[name] = of(fragments[name].selection_set)
            return known[name]
        if isinstance(selection, FieldNode):
            return 1 + of(selection.selection_set)
        assert isinstance(selection, InlineFragmentNode)
        return of(selection.selection_set)

    return max(
        of(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    )
