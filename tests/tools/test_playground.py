"""Building the playground: what is pinned, and what happens where it cannot be built."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import node

NOWHERE = "http://127.0.0.1:9"
SOURCES = node.ROOT / "playground"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone's share of the playground: nothing is installed or built."""
    shutil.copytree(SOURCES, tmp_path / "playground", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(node.ROOT / "tools", tmp_path / "tools")
    shutil.copy(node.ROOT / "requirements-node.lock", tmp_path)
    return tmp_path


def build_offline(clone: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Without a Node on PATH, and with every registry out of reach."""
    environment = {
        "PATH": str(clone / "nothing"),
        "HOME": str(clone),
        "PIP_INDEX_URL": NOWHERE,
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "npm_config_registry": NOWHERE,
        "npm_config_fetch_retries": "0",
    }
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "tools.playground", *options],
        cwd=clone,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_it_cannot_be_built_serving_goes_on_and_says_why(clone: Path) -> None:
    done = build_offline(clone, "--if-needed")
    assert done.returncode == 0
    assert "The playground could not be built." in done.stderr
    assert "Serving without it; `make playground` tries again." in done.stderr
    assert "Node.js" in done.stderr or "npm" in done.stderr


def test_where_it_was_asked_for_a_failed_build_fails(clone: Path) -> None:
    done = build_offline(clone)
    assert done.returncode == 1
    assert "The playground could not be built." in done.stderr
    assert "Serving" not in done.stderr


def test_versions_are_pinned_and_the_lock_names_no_place_to_download_from() -> None:
    package = json.loads((SOURCES / "package.json").read_text())
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    wanted = package["devDependencies"]
    assert all(version[0].isdigit() for version in wanted.values())
    assert lock["packages"][""]["devDependencies"] == wanted
    for path, locked in lock["packages"].items():
        assert "resolved" not in locked
        assert not path or "integrity" in locked
