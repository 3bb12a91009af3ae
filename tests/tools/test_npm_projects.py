"""The npm projects: what they install is pinned, and locked without an address to get it from."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "playground", ROOT / "tests" / "clients", ROOT / "bench" / "postgraphile"]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_a_lock_file_pins_contents_and_no_addresses(project: Path) -> None:
    packages = json.loads((project / "package-lock.json").read_text())["packages"]
    installed = [package for name, package in packages.items() if name]
    assert installed
    assert [package for package in installed if "resolved" in package] == []
    assert [package for package in installed if "integrity" not in package] == []


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_a_project_names_exact_versions(project: Path) -> None:
    asked = json.loads((project / "package.json").read_text())
    kinds = ("dependencies", "devDependencies", "optionalDependencies")
    versions = {name: version for kind in kinds for name, version in asked.get(kind, {}).items()}
    assert versions
    assert [name for name, version in versions.items() if not version[0].isdigit()] == []
