"""Every hostile request is answered, and what it was sent to answers the next one."""

from collections import Counter

import httpx

from tests.api import Api, serving
from tests.hostile import assert_answered, assert_serves, seed
from tests.hostile_requests import HostileRequest, every

# The promise is two hundred.
REQUESTS_MIN = 200


async def answer(api: Api, hostile: HostileRequest) -> httpx.Response:
    headers = httpx.Headers(
        [(name.encode(), value.encode("latin-1", "replace")) for name, value in hostile.headers]
    )
    url = httpx.URL("http://localhost/graphql", query=hostile.query_string.encode())
    content = hostile.make_body() or None
    return await api.client.request(hostile.method, url, content=content, headers=headers)


async def test_each_is_answered_and_none_is_a_fault(database_url: str) -> None:
    async with serving(database_url) as api:
        await seed(api)
        for hostile in every():
            response = await answer(api, hostile)
            content = assert_answered(response, hostile.name)
            assert response.headers["x-request-id"]
            for error in content.get("errors", ()):
                assert error["extensions"]["code"], hostile.name
        await assert_serves(api)


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    names = Counter(hostile.name for hostile in every())
    assert len(names) >= REQUESTS_MIN
    assert names.total() == len(names), names.most_common(3)
