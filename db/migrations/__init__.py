"""The schema's history: one revision a change, plain SQL, never edited once released."""

from typing import Final

VERSION_TABLE: Final = "alembic_version"
VERSION_SCHEMA: Final = "florin"
APP_ROLE: Final = "florin_app"
# Owns what is searched: nobody logs in as it, and migrations alone become it.
SEARCH_ROLE: Final = "florin_search"
