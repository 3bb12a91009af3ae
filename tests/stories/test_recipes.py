"""The page of recipes, run from top to bottom over an empty ledger: every answer is as printed."""

import json
import re
from pathlib import Path

from tests.api import Api
from tests.integrity import assert_sound

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "RECIPES.md").read_text()
EXAMPLE = re.compile(r"```graphql\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL)
TITLES = (
    "Wallet top-up",
    "Payout with fee split",
    "Card authorisation and capture",
    "Refund",
    "Currency exchange through trading accounts",
    "Credit line",
    "Month-end statement",
)


async def test_every_recipe_answers_as_printed(api: Api, database_url: str) -> None:
    examples = EXAMPLE.findall(RECIPES)
    assert len(examples) == RECIPES.count("```graphql") >= 2 * len(TITLES)
    for request, printed in examples:
        assert {"data": await api(request)} == json.loads(printed), request
    await assert_sound(database_url)


def test_every_recipe_is_on_the_page_and_the_readme_leads_to_it() -> None:
    readme = (ROOT / "README.md").read_text()
    for title in TITLES:
        anchor = title.lower().replace(" ", "-")
        assert f"\n## {title}\n" in RECIPES
        assert f"](RECIPES.md#{anchor})" in readme
        assert f"](#{anchor})" in RECIPES
