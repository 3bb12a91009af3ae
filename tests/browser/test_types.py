"""The playground's own types."""

from tools import node, playground


def test_the_playground_holds_to_strict_types(installed: node.Node) -> None:
    # What is wrong is in the error that this raises.
    installed.npm("run", "check", folder=playground.SOURCES)
