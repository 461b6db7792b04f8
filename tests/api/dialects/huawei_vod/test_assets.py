from datetime import UTC, datetime

import httpx2
import pytest

from tests.api.dialects.huawei_vod.projects import Project, code_of
from worker import wiring
from worker.contracts.catalogue import MediumCover
from worker.settings import Settings
from worker.state.catalogue import TenantCovers

ALL = ["asset_id", "base_info", "transcode_info", "thumbnail_info", "review_info"]


def test_details_have_all_categories_or_those_that_are_asked_for(project: Project) -> None:
    asset = project.asset()

    assert list(project.details(asset.asset_id)) == ALL
    assert list(project.details(asset.asset_id, "review_info", "base_info")) == [
        "asset_id",
        "base_info",
        "review_info",
    ]


def test_pictures_are_listed_with_their_urls(project: Project) -> None:
    asset = project.asset()

    told = project.details(asset.asset_id, "thumbnail_info")["thumbnail_info"]

    assert told["thumbnail_status"] == "THUMBNAIL_SUCCEED"
    assert told["sample"] == [{"offset": 0, "url": f"{asset.url}#asset/{asset.asset_id}"}]
    assert (told["dots"], told["quantity"]) == ([], [])


def test_a_private_picture_has_a_link_that_opens_it(project: Project) -> None:
    asset = project.asset(visibility="private", data=b"a private cover")

    (sample,) = project.details(asset.asset_id)["thumbnail_info"]["sample"]

    link = httpx2.URL(sample["url"])
    assert project.client.get(link.raw_path.decode()).content == b"a private cover"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("", "VOD.10053", id="no-id"),
        pytest.param("asset_id=", "VOD.10053", id="empty-id"),
        pytest.param("asset_id=abc", "VOD.10053", id="short-id"),
        pytest.param(f"asset_id={'A' * 32}", "VOD.10053", id="capitals"),
        pytest.param(f"asset_id={'a' * 32}%0A", "VOD.10053", id="line-break"),
        pytest.param(f"asset_id={'a' * 32}&asset_id={'a' * 32}", "VOD.10053", id="doubled"),
        pytest.param(f"asset_id={'a' * 32}&categories=cover", "VOD.10053", id="category"),
        pytest.param(f"asset_id={'a' * 32}&categories=", "VOD.10053", id="empty-category"),
        pytest.param(f"asset_id={'a' * 32}", "VOD.10062", id="unknown"),
    ],
)
def test_what_names_no_asset_is_told_with_its_field(
    project: Project, query: str, code: str
) -> None:
    answer = project.call("GET", project.path("/details"), query=query)

    assert code_of(answer) == (400, code)


def test_unknown_parameters_are_passed_over(project: Project) -> None:
    asset = project.asset()
    query = f"asset_id={asset.asset_id}&categories=base_info&categories=base_info&x=%20%2B"

    answer = project.call("GET", project.path("/details"), query=query)

    assert list(answer.json()) == ["asset_id", "base_info"]


def test_an_asset_out_of_sight_is_told_as_an_unknown_one(
    project: Project, settings: Settings, client: httpx2.Client
) -> None:
    asset = project.asset()
    narrow = Project(settings, client, name="narrow", media=("a" * 32,))

    hidden, unknown = narrow.ask_details(asset.asset_id), narrow.ask_details("b" * 32)

    assert code_of(hidden) == code_of(unknown) == (400, "VOD.10062")
    assert hidden.json()["error_msg"] == unknown.json()["error_msg"]


def test_a_cover_that_was_made_of_another_medium_names_its_asset(project: Project) -> None:
    asset, other = project.asset("one", data=b"one"), project.asset("other", data=b"other")
    picture = project.state.images.read("default", other.image_id)
    assert picture is not None
    made = MediumCover(
        url=other.url,
        image_id=other.image_id,
        key=picture.key,
        set_by="huawei_vod",
        set_at=datetime.now(UTC),
        job=picture.job,
        fence=1,
    )
    catalogue = wiring.catalogue(project.state, project.store)
    TenantCovers(catalogue, "default").set(asset.asset_id, made)

    (told,) = project.details(asset.asset_id)["base_info"]["cover_info_array"]

    assert told["cover_url"] == f"{other.url}#asset/{asset.asset_id}"
    assert project.set_cover(told["cover_url"]).status_code == 204
    assert project.medium(other.asset_id).cover is None
    stands = project.medium(asset.asset_id).cover
    assert stands is not None
    assert (stands.url, stands.image_id) == (told["cover_url"], other.image_id)
