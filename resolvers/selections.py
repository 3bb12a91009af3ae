"""What a client asks of a field's answer: what nobody asks for need not be read."""

from collections.abc import Collection

from strawberry.types.nodes import SelectedField

from resolvers.context import Info


def selects(info: Info, names: Collection[str]) -> bool:
    """Whether any of these fields is selected directly below the one that is being answered.

    Through fragments, too; ``@skip`` and ``@include`` are taken for selected.
    """
    selections = [one for field in info.selected_fields for one in field.selections]
    while selections:
        one = selections.pop()
        if not isinstance(one, SelectedField):
            selections += one.selections
        elif one.name in names:
            return True
    return False
