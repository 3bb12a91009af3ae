"""SECURITY.md names tests that show what it promises: each of them exists."""

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
NAMED: Final = re.compile(r"`(test_\w+)`")
NAMED_FILES: Final = re.compile(r"`(test_\w+\.py)`")
TEXT: Final = (ROOT / "SECURITY.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    existing = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = set(NAMED.findall(TEXT))
    assert len(named) > 40
    assert named - existing == set()


def test_every_file_of_tests_that_is_named_exists() -> None:
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(NAMED_FILES.findall(TEXT)) - files == set()


def test_every_row_of_the_threat_model_names_who_shows_it() -> None:
    _, _, table = TEXT.partition("| from whom |")
    rows = [line for line in table.partition("\n\n")[0].splitlines() if line.startswith("| ")]
    assert len(rows) > 12
    assert all(NAMED.search(row) for row in rows[1:])


def test_every_setting_that_is_named_is_in_the_readme() -> None:
    named = set(re.findall(r"FLORIN_[A-Z_]+", TEXT))
    readme = (ROOT / "README.md").read_text()
    assert {name for name in named if name.removesuffix("_FILE") not in readme} == set()
