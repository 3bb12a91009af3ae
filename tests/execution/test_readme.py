"""The README's example does what it says."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

README = Path(__file__).parents[2] / "execution" / "README.md"


def test_the_example_of_the_readme_answers_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    # Strawberry looks types up in the module that a resolver is of.
    module = ModuleType("example_of_the_readme")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(example, README.name, "exec"), module.__dict__)  # noqa: S102 - our own text
    assert module.result.data == {
        "books": [
            {
                "title": "The Dispossessed",
                "shelf": "T",
                "author": {"name": "Ursula K. Le Guin"},
            },
            {"title": "Solaris", "shelf": "S", "author": {"name": "Stanisław Lem"}},
            {"title": "Beowulf", "shelf": "B", "author": None},
        ]
    }
    [error] = module.result.errors
    assert (error.message, error.path) == ("Beowulf has no author.", ["books", 2, "author"])
