"""Pictures and media of libraries are the operator's on loopback, nobody's on an open API."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from api.setting import Setting
from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.pictures import finish, make_picture, make_picture_of_library
from worker import wiring
from worker.rules.catalogue import image_id
from worker.settings import Settings


@pytest.fixture
def opened(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an open API over the same records."""
    api = settings.api.model_copy(update={"open": True})
    url = serve(settings.model_copy(update={"api": api})).url
    with httpx2.Client(base_url=url, timeout=20) as made:
        yield made


@pytest.fixture
def of_library(settings: Settings) -> str:
    """The id of a picture of a file of a library."""
    Attempts(settings)
    return make_picture_of_library(settings)


def test_an_open_api_shows_and_deletes_none_of_them(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client, of_library: str
) -> None:
    mine = make_picture(settings, client)
    medium = client.get(f"/v1/images/{of_library}").json()["medium"]

    shown = opened.get("/v1/images").json()["images"]
    assert [image["image_id"] for image in shown] == [mine]
    assert opened.get(f"/v1/images/{of_library}").status_code == 404
    assert opened.get(f"/v1/media/{medium}").status_code == 404
    assert opened.delete(f"/v1/images/{of_library}").status_code == 404
    assert client.get(f"/v1/images/{of_library}").status_code == 200


@pytest.mark.parametrize("is_made", [False, True], ids=["expected", "made"])
def test_an_open_api_shows_nothing_of_a_cover_that_was_set_of_one(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client, of_library: str, is_made: bool
) -> None:
    medium = client.get(f"/v1/images/{of_library}").json()["medium"]
    state, store = wiring.state(settings, timeout_s=5), wiring.store(settings)
    setting = Setting(state, store, settings.fetch, "default", "huawei_vod", lambda _: True)
    cover = setting.set_cover(medium, "https://media.example/cover.jpg")
    image = image_id(cover.job or "", "covers/cover")
    if is_made:
        state.lanes.release("backfill")
        image = finish(settings, cover.job or "", data=b"copy", visibility="private")

    paths = [f"/v1/jobs/{cover.job}", f"/v1/records/{cover.record}", f"/v1/images/{image}"]
    assert [client.get(path).status_code for path in paths] == [200, 200, 200]
    assert [opened.get(path).status_code for path in paths] == [404, 404, 404]
    assert opened.get("/v1/images").json()["images"] == []


def test_on_loopback_the_operator_has_them(client: httpx2.Client, of_library: str) -> None:
    image = client.get(f"/v1/images/{of_library}").json()

    assert client.get("/v1/images").json()["images"] == [image]
    assert client.get(image["links"]["medium"]).status_code == 200
    assert client.delete(f"/v1/images/{of_library}").status_code == 204
