"""A document's text read and checked: parsed, held against the limits, then validated."""

from typing import Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)

from server import limits
from server.limit_settings import LimitSettings

# Finding out where an error stands means counting lines from the top, each time; and what is wrong
# in one place again and again is not worth an answer that is longer than the question.
_ERRORS_MAX: Final = 5
_LINES_MAX: Final = 5_000
# Fields of one name are compared in pairs, which grows with the square: 2 microseconds each.
_COMPARISONS_MAX: Final = 10_000
# Messages repeat what was sent, which may be a name of 100,000 letters.
_MESSAGE_LENGTH_MAX: Final = 1_000
_GIVEN_UP: Final = "Validation aborted."
_TOO_MANY_TOKENS: Final = "Syntax Error: Document contains more than"


class _FieldsCanBeMerged(OverlappingFieldsCanBeMergedRule):
    """The specified rule, with a smaller budget than the library's, which lasts a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _COMPARISONS_MAX


class _NoIntrospection(ASTValidationRule):
    """Refuses `__schema` and `__type`; `__typename` is part of ordinary documents."""

    def enter_field(self, node: FieldNode, *_args: object) -> None:
        if node.name.value in {"__schema", "__type"}:
            self.report_error(
                GraphQLError(
                    f"`{node.name.value}` is not answered here: introspection is switched off "
                    "(FLORIN_INTROSPECTION). The schema is in schema.graphql.",
                    node,
                    extensions={"code": "INTROSPECTION_DISABLED"},
                )
            )


_RULES: Final[tuple[type[ASTValidationRule], ...]] = tuple(
    _FieldsCanBeMerged if rule is OverlappingFieldsCanBeMergedRule else rule
    for rule in specified_rules
)
_RULES_WITHOUT_INTROSPECTION: Final[tuple[type[ASTValidationRule], ...]] = (
    _NoIntrospection,
    *_RULES,
)


def read(
    text: str, schema: GraphQLSchema, configured: LimitSettings
) -> DocumentNode | list[GraphQLError]:
    """The document, or what is wrong with it. Takes time within bounds, whatever the text."""
    if len(text) > configured.document_length_max:
        return [limits.refusal("length", len(text), configured.document_length_max)]
    lines = 1 + text.count("\n") + text.count("\r")
    if lines > _LINES_MAX:
        return [_too_many_lines(lines)]
    try:
        document = parse(text, max_tokens=configured.document_tokens_max)
        exceeded = limits.exceeded(document, configured)
        if exceeded:
            return exceeded
        errors = validate(
            schema,
            document,
            _RULES if configured.introspection else _RULES_WITHOUT_INTROSPECTION,
            max_errors=_ERRORS_MAX,
            hide_suggestions=not configured.suggestions,
        )
    except GraphQLError as error:
        if error.message.startswith(_TOO_MANY_TOKENS):
            return [limits.refusal("tokens", None, configured.document_tokens_max)]
        return [_explained(error, configured)]
    except RecursionError:
        return [GraphQLError("The document is nested too deeply to be read.")]
    return [_explained(error, configured) for error in errors] or document


def _too_many_lines(lines: int) -> GraphQLError:
    return GraphQLError(
        f"The document has {lines} lines; at most {_LINES_MAX} are read. Leave out empty lines, "
        "and send data in variables.",
        extensions={"code": "LIMIT_EXCEEDED", "limit": "lines", "allowed": _LINES_MAX},
    )


def _explained(error: GraphQLError, configured: LimitSettings) -> GraphQLError:
    if error.message != _GIVEN_UP:
        if not configured.suggestions:
            # One rule suggests whatever it is told: how a field with fields is written.
            error.message = error.message.partition(" Did you mean ")[0]
        if len(error.message) > _MESSAGE_LENGTH_MAX:
            error.message = f"{error.message[:_MESSAGE_LENGTH_MAX]}…"
        return error
    return GraphQLError(
        "Too many fields of the document have the same name and would have to be compared. Ask for "
        "each field once, or give it an alias.",
        extensions={"code": "LIMIT_EXCEEDED", "limit": "comparisons"},
    )
