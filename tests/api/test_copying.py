"""What a vendor's client sets that is no picture of ours is copied, once, for its medium only."""

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.pictures import finish, make_picture, make_picture_of_library
from tests.api.set_covers import Make, image_of, medium_of, setting_of, states, told, url_of
from tests.worker.state.pictures import PROBE
from worker.contracts.requests import CoverRequest, SourceReference
from worker.errors import SourceError
from worker.rules.catalogue import image_id, medium_id
from worker.settings import Settings
from worker.state.catalogue import TenantCovers
from worker.state.images import ImageFilters

URL = "http://media.example/cover.jpg"
OTHER = {"url": "https://media.example/other.mp4"}


@pytest.fixture
def setting(settings: Settings) -> Make:
    return setting_of(settings)


def test_any_other_url_is_shown_as_it_was_set_and_copied_by_a_job(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    vod = setting("alibaba_vod")
    medium = medium_of(vod, make_picture(settings, client))

    cover = vod.set_cover(medium, f"{URL}?auth=1")

    view = told(client, medium)
    assert (view["url"], view["image"], view["set_by"]) == (f"{URL}?auth=1", None, "alibaba_vod")
    job = client.get(f"/v1/jobs/{cover.job}").json()
    assert job["request"]["source"]["url"].startswith(URL)
    assert (view["job"], view["record"]) == (job["id"], cover.record)
    assert states(vod) == ["pending"]
    # What the record's worker does once the picture is made.
    copy = finish(settings, job["id"], data=b"copy", visibility="public")
    picture = image_of(vod, copy)
    assert picture.medium_id == medium
    with_copy = cover.model_copy(update={"image_id": copy, "key": picture.key})
    assert TenantCovers(vod.catalogue, "default").set(medium, with_copy)
    assert told(client, medium) == {**view, "image": copy}


def test_a_copy_is_of_the_medium_that_shows_it_and_makes_none_of_its_own(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    mps = setting()
    medium = medium_of(mps, make_picture(settings, client))

    cover = mps.set_cover(medium, URL)

    assert medium_of(mps, image_id(cover.job or "", "covers/cover")) == medium
    copy = finish(settings, cover.job or "", data=b"copy", visibility="public")
    assert medium_of(mps, copy) == medium
    # One that fails over what it has opened leaves nothing either.
    failing = mps.set_cover(medium, f"{URL}.png")
    attempt = Attempts(settings).begin(failing.job or "")
    mps.catalogue.see(attempt.job, "other", PROBE, None)
    for url in (URL, f"{URL}.png"):
        own = medium_id("default", SourceReference(url=url), None)
        assert mps.state.media.read("default", own) is None


def test_a_copy_for_a_medium_of_a_library_is_private(settings: Settings, setting: Make) -> None:
    image, mps = make_picture_of_library(settings), setting()

    cover = mps.set_cover(medium_of(mps, image), URL)

    copy = mps.state.jobs.read("default", cover.job or "")
    assert copy
    assert isinstance(copy.request, CoverRequest)
    assert copy.request.visibility == "private"


def test_of_many_urls_only_what_is_shown_is_copied_and_after_other_work(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    mps = setting()
    image = make_picture(settings, client)
    medium = medium_of(mps, image)

    covers = [mps.set_cover(medium, f"{URL}/{number}") for number in range(5)]
    jobs = [mps.state.jobs.read("default", cover.job or "") for cover in covers]

    assert [job and job.status for job in jobs] == ["cancelled"] * 4 + ["queued"]
    assert {job and job.lane for job in jobs} == {"backfill"}
    pictures = mps.state.images.page("default", ImageFilters(medium=medium), cursor=None, limit=10)
    assert [image.status for image in pictures.images] == ["Uploading", "Normal"]
    assert states(mps) == ["pending"] + ["superseded"] * 4
    mps.set_cover(medium, url_of(mps, image))
    last = mps.state.jobs.read("default", covers[-1].job or "")
    assert last
    assert last.status == "cancelled"


def test_a_url_whose_copy_failed_is_tried_again(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    mps = setting()
    medium = medium_of(mps, make_picture(settings, client))
    first = mps.set_cover(medium, URL)
    Attempts(settings).fail(first.job or "")

    assert told(client, medium)["url"] == URL
    again = mps.set_cover(medium, URL)

    assert again.job != first.job
    assert again.fence > first.fence
    assert states(mps) == ["pending", "failed"]


def test_a_link_to_a_private_picture_out_of_sight_is_not_copied(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    mine = medium_of(setting(), make_picture(settings, client))
    theirs = make_picture(settings, client, data=b"x", source=OTHER, visibility="private")
    narrow = setting("huawei_vod", sees={mine})
    link = narrow.store.signed_url(image_of(narrow, theirs).key or "", expires_s=60)

    for url in (link, link.replace("127.0.0.1", "media.example")):
        with pytest.raises(SourceError, match="private"):
            narrow.set_cover(mine, url)

    assert narrow.medium(mine).cover is None
    assert states(narrow) == []


def test_a_copy_that_comes_late_does_not_replace_what_was_set_since(
    settings: Settings, client: httpx2.Client, setting: Make
) -> None:
    image, mps = make_picture(settings, client), setting()
    medium = medium_of(mps, image)
    late = mps.set_cover(medium, URL)
    own = mps.set_cover(medium, url_of(mps, image))

    assert not TenantCovers(mps.catalogue, "default").set(medium, late)

    assert mps.medium(medium).cover == own
