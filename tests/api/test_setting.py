"""What a vendor's client sets is shown at once, everywhere, and stands in the ledger."""

from collections.abc import Callable
from functools import partial

import httpx2
import pytest

from tests.api.pictures import make_picture
from tests.api.set_covers import (
    Make,
    image_of,
    medium_of,
    setting_of,
    states,
    told,
    turn_of,
    url_of,
)
from worker.contracts.catalogue import MediumCover, MediumLabels
from worker.contracts.records import RecordOrder
from worker.contracts.targets import FirstframeTarget, VendorApi, VendorSetting
from worker.errors import CoverError, RequestError, SourceError
from worker.rules.set_covers import cover_of_image, naming
from worker.settings import Settings

URL = "http://media.example/cover.jpg"
OTHER = {"url": "https://media.example/other.mp4"}


@pytest.fixture
def setting(settings: Settings) -> Make:
    return setting_of(settings)


def test_a_picture_of_ours_is_the_cover_at_once_and_stands_in_the_ledger(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image, mps = make_picture(settings, client), setting()
    medium, url = medium_of(mps, image), url_of(mps, image)

    cover = mps.set_cover(medium, url)

    view = told(client, medium)
    assert (view["url"], view["image"], view["set_by"]) == (url, image, "alibaba_mps")
    assert (view["record"], view["fence"], view["job"]) == (cover.record, cover.fence, None)
    record = mps.state.records.read("default", cover.record or "")
    assert record
    assert (record.state, record.fence, record.cover and record.cover.image_id) == (
        *("recorded", cover.fence),
        image,
    )
    assert client.get(f"/v1/images/{image}").json()["is_cover"]
    assert client.delete(f"/v1/images/{image}").status_code == 409


def test_who_sees_one_medium_only_can_set_its_cover_again(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image = make_picture(settings, client)
    medium = medium_of(setting(), image)
    other = image_of(
        setting(), make_picture(settings, client, data=b"another", source={"url": URL})
    )
    assert other.medium_id != medium
    huawei = setting("huawei_vod", sees={medium})
    first = setting("huawei_vod").set_cover(medium, url_of(huawei, other.image_id))
    assert first.image_id == other.image_id

    again = huawei.set_cover_of(naming(url_of(huawei, other.image_id), medium))

    assert (again.image_id, again.job) == (other.image_id, None)


def test_the_url_that_is_shown_starts_nothing_again(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image, mps = make_picture(settings, client), setting()
    medium = medium_of(mps, image)

    for url in (url_of(mps, image), URL):
        first = mps.set_cover(medium, url)
        assert mps.set_cover(medium, url) == first

    assert states(mps) == ["pending", "recorded"]


def test_the_last_of_several_urls_stands(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image, mps = make_picture(settings, client), setting()
    medium, own = medium_of(mps, image), url_of(mps, image)

    for url in (URL, own, f"{URL}.png", own):
        mps.set_cover(medium, url)
        assert told(client, medium)["url"] == url

    assert client.get(f"/v1/images/{image}").json()["is_cover"]


def test_a_link_to_a_private_picture_sets_the_picture_and_is_not_kept(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image = make_picture(settings, client, visibility="private")
    huawei = setting("huawei_vod")
    record = image_of(huawei, image)
    link = huawei.store.signed_url(record.key or "", expires_s=60)

    cover = huawei.set_cover(medium_of(huawei, image), link)

    assert (cover.url, cover.image_id) == (None, image)
    view = client.get(f"/v1/media/{record.medium_id}").json()
    assert (view["cover"]["url"], view["cover"]["image"]) == (None, image)
    assert (record.key or "-") in view["links"]["cover"]
    assert huawei.set_cover(medium_of(huawei, image), link) == cover


@pytest.mark.parametrize(
    ("by", "url"),
    [
        pytest.param("alibaba_mps", "https://media.example/a.jpg", id="mps-https"),
        pytest.param("alibaba_mps", f"{URL}?a=1", id="mps-query"),
        pytest.param("alibaba_mps", f"http://media.example/{'a' * 3200}", id="mps-3221-bytes"),
        pytest.param("alibaba_vod", "http://media.example/a b.jpg", id="space"),
        pytest.param("alibaba_vod", "http://media.example/a\n.jpg", id="control"),
        pytest.param("alibaba_vod", "http://münchen.example/a.jpg", id="idn"),
        pytest.param("alibaba_vod", "ftp://media.example/a.jpg", id="scheme"),
        pytest.param("alibaba_vod", "http://user:pass@media.example/a.jpg", id="user"),
        pytest.param("alibaba_vod", "http://media.example:22/a.jpg", id="port"),
        pytest.param("huawei_vod", "cover.jpg", id="no-url"),
        pytest.param("huawei_vod", "", id="empty"),
        pytest.param("huawei_vod", "http://0x7f.1/a.jpg", id="number-for-a-host"),
    ],
)
def test_a_url_that_is_no_cover_is_refused_and_changes_nothing(
    settings: Settings, client: httpx2.Client, setting: Make, by: VendorApi, url: str
) -> None:
    found = setting(by)
    medium = medium_of(found, make_picture(settings, client))

    with pytest.raises(SourceError, match=r"source\.url_not_allowed"):
        found.set_cover(medium, url)

    assert client.get(f"/v1/media/{medium}").json()["cover"] is None
    assert states(found) == []


def test_what_an_account_may_not_see_does_not_exist_for_it(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image = make_picture(settings, client)
    medium, url = medium_of(setting(), image), url_of(setting(), image)

    for blind in (setting(sees=set()), setting(tenant="other")):
        acts: list[Callable[[], object]] = [
            partial(blind.medium, medium),
            partial(blind.set_cover, medium, URL),
            partial(blind.label, medium, MediumLabels(title="x")),
            partial(blind.medium_of_url, url),
            partial(blind.medium_of_url, f"http://h/asset/{medium}/0.jpg"),
        ]
        for act in acts:
            with pytest.raises(RequestError, match=r"request\.not_found"):
                act()
    assert client.get(f"/v1/media/{medium}").json()["cover"] is None


def test_a_picture_of_a_medium_out_of_sight_is_as_any_url(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    mine = medium_of(setting(), make_picture(settings, client))
    theirs = make_picture(settings, client, data=b"theirs", source=OTHER)
    narrow = setting(sees={mine})

    with pytest.raises(CoverError):
        # A job would have to fetch it, from the tests' own port.
        narrow.set_cover(mine, url_of(narrow, theirs))


def test_the_medium_is_found_by_its_picture_or_by_its_id_in_the_url(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    huawei = setting("huawei_vod")
    first = make_picture(settings, client)
    medium, url = medium_of(huawei, first), url_of(huawei, first)

    assert huawei.medium_of_url(url).medium_id == medium
    assert huawei.medium_of_url(f"{url}?v=1").medium_id == medium
    named = f"https://355.cdn.example/shield/asset/{medium}/snapshot/sample/0.jpg"
    assert huawei.medium_of_url(named).medium_id == medium
    for nobody in (URL, f"https://355.cdn.example/asset/{'0' * 32}/0.jpg", url + "x"):
        with pytest.raises(RequestError, match=r"request\.not_found"):
            huawei.medium_of_url(nobody)


def test_of_media_with_the_same_picture_the_url_says_which(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    huawei = setting("huawei_vod")
    first = make_picture(settings, client)
    second = make_picture(settings, client, source=OTHER)
    third = make_picture(settings, client, data=b"another", source={"url": f"{OTHER['url']}?x"})
    url = url_of(huawei, first)
    assert url == url_of(huawei, second)

    assert huawei.medium_of_url(url).medium_id == medium_of(huawei, second)
    for image in (first, second):
        named = naming(url, medium_of(huawei, image))
        assert huawei.medium_of_url(named).medium_id == medium_of(huawei, image)
        cover = huawei.set_cover(medium_of(huawei, image), named)
        assert (cover.url, cover.image_id) == (named, image)
    # What the URL says does not count where its picture is of other media.
    wrong = naming(url, medium_of(huawei, third))
    assert huawei.medium_of_url(wrong).medium_id == medium_of(huawei, second)


def test_labels_are_kept_one_by_one_and_shown(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    vod = setting("alibaba_vod")
    medium = medium_of(vod, make_picture(settings, client))

    vod.label(medium, MediumLabels(title="A film", tags=("sea", "sun")))
    vod.label(medium, MediumLabels(description="", cate_id=7))

    assert client.get(f"/v1/media/{medium}").json()["labels"] == {
        "title": "A film",
        "description": "",
        "tags": ["sea", "sun"],
        "cate_id": 7,
    }


@pytest.mark.parametrize("url", [URL, None], ids=["a-url", "our-own"])
def test_an_order_that_is_older_than_what_a_client_set_is_superseded_at_once(
    settings: Settings, client: httpx2.Client, setting: Make, url: str | None
) -> None:
    image, mps = make_picture(settings, client), setting()
    medium = medium_of(mps, image)
    target = FirstframeTarget(provider="firstframe", medium_id=medium)
    orders = [RecordOrder(target=target, cover=cover_of_image(image_of(mps, image)))]
    (older,) = mps.state.records.create("default", orders)

    set_now = mps.set_cover(medium, url or url_of(mps, image))

    assert turn_of(settings, older.id) == "superseded"
    newer = mps.state.records.read("default", set_now.record or "")
    assert newer
    # A copy is still to be written by the order that brings it.
    assert newer.state == ("pending" if url else "recorded")
    (latest,) = mps.state.records.create("default", orders)
    assert latest.fence > newer.fence
    assert turn_of(settings, latest.id) == "write"


@pytest.mark.parametrize("is_known", [True, False], ids=["no-picture", "no-medium"])
def test_what_cannot_be_shown_is_not_recorded(
    settings: Settings, client: httpx2.Client, setting: Make, is_known: bool
) -> None:
    image, mps = make_picture(settings, client), setting()
    record = image_of(mps, image)
    medium = medium_of(mps, image) if is_known else "0" * 32
    target = FirstframeTarget(
        provider="firstframe",
        medium_id=medium,
        as_set=VendorSetting(by="alibaba_mps", url=URL),
    )
    cover = MediumCover(
        image_id="f" * 32 if is_known else image,
        key=record.key,
        set_by="alibaba_mps",
        set_at=record.created_at,
        fence=0,
    )

    with pytest.raises(RequestError, match=r"request\.not_found"):
        mps.state.records.settle("default", RecordOrder(target=target), cover)

    assert states(mps) == []
