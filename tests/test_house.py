"""The rules of the house, as tests that walk everything they speak of."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("server", "schema", "resolvers", "execution", "ledger", "db")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
# SQL that a reader would recognise; prose does not begin a string with these in capitals.
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT)\s")


def sources(*folders: str) -> list[Path]:
    """The tracked and untracked Python files of these folders."""
    listed = subprocess.run(  # noqa: S603 - fixed arguments
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return [ROOT / name for name in listed if name.endswith(".py") and (ROOT / name).exists()]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield id(node), node.value


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of the constants that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


@pytest.mark.parametrize("path", sources(*ROOMS, "tests", "bench", "tools"), ids=lambda p: p.name)
def test_every_file_fits_on_a_few_screens_and_every_function_on_one(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES_MAX
    for function in functions(ast.parse(text)):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        assert length <= FUNCTION_LINES_MAX, function.name


def test_every_file_of_the_playground_fits_on_a_few_screens() -> None:
    folder = ROOT / "playground" / "src"
    written = [path for kind in ("ts", "tsx", "css") for path in folder.rglob(f"*.{kind}")]
    assert written
    for path in written:
        lines = path.read_text().splitlines()
        assert len(lines) <= FILE_LINES_MAX, path.name
        assert max(map(len, lines)) <= 100, path.name


@pytest.mark.parametrize("path", sources(*ROOMS, "tools"), ids=lambda p: p.name)
def test_every_module_says_what_it_promises(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    "path", sources("server", "schema", "resolvers", "ledger"), ids=lambda p: p.name
)
def test_no_room_but_db_knows_sql(path: Path) -> None:
    tree = ast.parse(path.read_text())
    prose = docstrings(tree)
    found = [text for key, text in strings(tree) if key not in prose and SQL.match(text)]
    # `florin doctor` tells people what to type.
    assert [text for text in found if path.name != "doctor.py"] == []


@pytest.mark.parametrize("path", sources("db"), ids=lambda p: p.name)
def test_no_sql_is_made_from_strings(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) for part in node.values if isinstance(part, ast.Constant)
            )
            assert not SQL.match(text), ast.unparse(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            for part in (node.left, node.right):
                assert not (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and SQL.match(part.value)
                ), ast.unparse(node)


@pytest.mark.parametrize("path", sources("ledger"), ids=lambda p: p.name)
def test_the_rules_of_money_know_no_input_or_output(path: Path) -> None:
    forbidden = {"asyncio", "os", "io", "pathlib", "socket", "psycopg", "graphql", "strawberry"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not forbidden & {name.partition(".")[0] for name in names}
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await)


@pytest.mark.parametrize("path", sources("ledger", "db", "resolvers"), ids=lambda p: p.name)
def test_money_never_passes_through_a_float(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"float", "round"}
            and path.name != "pool.py"  # a timeout, in milliseconds
        )


@pytest.mark.parametrize("path", sources(*ROOMS, "tests", "bench", "tools"), ids=lambda p: p.name)
def test_no_exception_is_swallowed_and_no_test_is_switched_off(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert not all(isinstance(line, ast.Pass) for line in node.body)
        if isinstance(node, ast.Attribute):
            assert node.attr != "xfail"


def test_a_noun_has_the_same_name_in_every_room() -> None:
    nouns = (
        *("account_statements", "accounts", "currencies", "entries", "ledgers"),
        *("transactions", "users"),
    )
    for noun in nouns:
        assert (ROOT / "db" / f"{noun}.py").exists()
        assert (ROOT / "schema" / f"{noun}.py").exists()
    # A currency is all plain attributes: there is nothing to resolve.
    for noun in set(nouns) - {"currencies"}:
        assert (ROOT / "resolvers" / f"{noun}.py").exists()


def test_every_mutation_has_a_file_of_its_own_in_both_rooms() -> None:
    for path in (ROOT / "schema" / "mutations").glob("[a-z]*.py"):
        assert (ROOT / "resolvers" / "mutations" / path.name).exists()


@pytest.mark.parametrize("path", sources(*ROOMS, "tests", "bench"), ids=lambda p: p.name)
def test_nobody_but_the_loans_borrows_from_the_pool(path: Path) -> None:
    if path == ROOT / "db" / "loans.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"getconn", "putconn"}
            borrowed_from = ast.unparse(node.value)
            assert not (node.attr == "connection" and borrowed_from.endswith("pool"))
