"""Where something stands in a mutation's arguments, such as input, postings, 0, amount."""

from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
