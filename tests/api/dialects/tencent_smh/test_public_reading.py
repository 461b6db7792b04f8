"""Who reads without a token: anybody where reading is public, by a name that is the server's."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import Shop
from worker.settings import ApiSettings, Settings


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/album/L/-/cover/summer", 302, id="cover"),
        pytest.param("/album/L/-/cover/summer?size=9", 302, id="square-cover"),
        pytest.param("/directory/L/-", 200, id="listing"),
        pytest.param("/directory/L/-/summer?info", 200, id="facts-of-an-album"),
        pytest.param("/file/L/-/summer/a.jpg", 302, id="file"),
        pytest.param("/file/L/-/summer/a.jpg?info", 200, id="facts-of-a-file"),
        pytest.param("/file/L/-/summer/a.jpg?preview&size=9", 302, id="preview"),
        pytest.param("/directory-history/L/-/history-list/summer/a.jpg", 200, id="versions"),
    ],
)
def test_every_read_needs_a_token_unless_reading_is_public(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, path: str, status: int
) -> None:
    place = shop.library("L", multi_album=True)
    shop.put(place, "a.jpg", photo, parent_id=shop.directory(place, "summer"))
    cook.start()

    refused = api.get(path)
    opened = api.get(path, headers={"Authorization": f"Bearer {shop.token('L')}"})
    shop.state.libraries.set_public_read("L", True)
    public = api.get(path)

    assert code_of(refused) == (400, "EmptyAccessToken")
    assert (opened.status_code, public.status_code) == (status, status)


def test_public_reading_is_looked_at_in_each_call(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L")
    assert api.get("/directory/L/-").status_code == 400
    shop.state.libraries.set_public_read("L", True)
    assert api.get("/directory/L/-").status_code == 200
    shop.state.libraries.set_public_read("L", False)
    assert api.get("/directory/L/-").status_code == 400


def test_a_foreign_host_is_answered_with_a_token_only(
    served: Served, shop: Shop, settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    """A page whose name leads to 127.0.0.1 has no token; an open API may be told its names."""
    shop.library("L", public_read=True)
    token, rebound = shop.token("L"), {"Host": "rebound.example"}
    path = "/api/v1/directory/L/-"

    refused = httpx2.get(f"{served.url}{path}", headers=rebound)
    assert code_of(refused) == (400, "EmptyAccessToken")
    given = httpx2.get(f"{served.url}{path}", headers=rebound, params={"access_token": token})
    assert given.status_code == 200
    assert httpx2.get(f"{served.url}/v1/jobs", headers=rebound).status_code == 403

    for hosts, status in ((["rebound.example"], 200), ([], 200), (["covers.example"], 400)):
        api = ApiSettings(**{**settings.api.model_dump(), "open": True, "hosts": hosts})
        opened = serve(settings.model_copy(update={"api": api}))
        assert httpx2.get(f"{opened.url}{path}", headers=rebound).status_code == status
