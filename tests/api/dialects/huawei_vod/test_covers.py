import json
from collections.abc import Callable

import httpx2
import pytest

from tests.api.dialects.huawei_vod.projects import Project, code_of
from worker.settings import Settings

UNKNOWN = (400, "VOD.10062")


def _shown(project: Project, asset_id: str) -> list[str]:
    told = project.details(asset_id, "base_info")["base_info"]["cover_info_array"]
    return [each["cover_url"] for each in told]


def test_a_picture_of_an_asset_becomes_its_cover(project: Project) -> None:
    asset = project.asset()
    assert _shown(project, asset.asset_id) == []

    answer = project.set_cover(asset.url)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert _shown(project, asset.asset_id) == [asset.url]
    stands = project.medium(asset.asset_id).cover
    assert stands is not None
    assert (stands.image_id, stands.set_by, stands.job) == (asset.image_id, "huawei_vod", None)
    assert stands.record is not None


def test_the_urls_that_details_tell_can_be_set(project: Project) -> None:
    shared = project.asset("one", data=b"the same"), project.asset("two", data=b"the same")

    for asset in shared:
        (sample,) = project.details(asset.asset_id)["thumbnail_info"]["sample"]
        assert project.set_cover(sample["url"]).status_code == 204

    stand = [project.medium(asset.asset_id).cover for asset in shared]
    assert [each and each.image_id for each in stand] == [asset.image_id for asset in shared]


def test_a_private_picture_is_set_by_its_link_and_shown_by_a_new_one(project: Project) -> None:
    asset = project.asset(visibility="private")

    assert project.set_cover(asset.url).status_code == 204

    (shown,) = _shown(project, asset.asset_id)
    assert project.client.get(httpx2.URL(shown).raw_path.decode()).content == b"a cover"


def test_setting_the_same_cover_again_changes_nothing(project: Project) -> None:
    asset = project.asset()
    project.set_cover(asset.url)
    first = project.medium(asset.asset_id).cover

    assert project.set_cover(asset.url).status_code == 204

    assert project.medium(asset.asset_id).cover == first


def test_a_url_that_names_the_asset_is_shown_at_once_and_copied(project: Project) -> None:
    asset = project.asset()
    url = f"http://127.0.0.1:9/shield/asset/{asset.asset_id}/snapshot/sample/0.jpg"

    assert project.set_cover(url).status_code == 204

    assert _shown(project, asset.asset_id) == [url]
    stands = project.medium(asset.asset_id).cover
    assert stands is not None
    assert stands.job is not None
    job = project.client.get(f"/v1/jobs/{stands.job}").json()
    assert job["status"] == "queued"
    assert job["request"]["source"] == {"url": url}


def test_the_example_of_the_page_is_no_json_as_it_is_printed(project: Project) -> None:
    asset = project.asset()
    url = f"https://127.0.0.1:9/shield/asset/{asset.asset_id}/snapshot/sample/0.jpg"
    printed, mended = (f'{{"thumbnailUrl": "{space}{url}"}}'.encode() for space in ("\n  ", ""))

    answers = [project.call("PUT", project.path("/cover"), body=body) for body in (printed, mended)]

    assert code_of(answers[0]) == (400, "VOD.10053")
    assert answers[1].status_code == 204


def test_other_fields_and_a_missing_content_type_are_passed_over(project: Project) -> None:
    asset = project.asset()
    body = json.dumps({"thumbnailUrl": asset.url, "other": {"a": [1]}}).encode()

    answer = project.call("PUT", project.path("/cover"), body=body, headers=())

    assert answer.status_code == 204


def test_a_token_is_as_good_as_a_signature(project: Project) -> None:
    asset = project.asset()

    answer = project.client.put(
        project.path("/cover"),
        json={"thumbnailUrl": asset.url},
        headers={"X-Auth-Token": project.token_text()},
    )

    assert answer.status_code == 204


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://elsewhere.example/a.jpg", id="no-asset"),
        pytest.param(f"https://elsewhere.example/asset/{'f' * 32}/a.jpg", id="unknown-asset"),
        pytest.param("https://elsewhere.example/asset/1234/a.jpg", id="no-id"),
        pytest.param("no url", id="no-url"),
    ],
)
def test_a_url_of_no_asset_is_told_as_unknown(project: Project, url: str) -> None:
    answer = project.set_cover(url)

    assert code_of(answer) == UNKNOWN


def _another(url: str) -> Callable[[str], str]:
    return url.format


@pytest.mark.parametrize(
    "url_of",
    [
        pytest.param(_another("ftp://host/asset/{}/a.jpg"), id="scheme"),
        pytest.param(_another("/asset/{}/a.jpg"), id="no-host"),
        pytest.param(_another("http://user:word@host/asset/{}/a.jpg"), id="user"),
        pytest.param(_another("http://host/asset/{}/a b.jpg"), id="space"),
        pytest.param(_another("http://host/asset/{}/a\r\nb.jpg"), id="line-break"),
        pytest.param(_another("http://host/asset/{}/\u5c01.jpg"), id="not-escaped"),
        pytest.param(_another("http://[::1/asset/{}/a.jpg"), id="bracket"),
        pytest.param(_another("http://host:99999/asset/{}/a.jpg"), id="port"),
    ],
)
def test_a_url_that_nobody_can_fetch_is_told_with_its_field(
    project: Project, url_of: Callable[[str], str]
) -> None:
    asset = project.asset()

    answer = project.set_cover(url_of(asset.asset_id))

    assert code_of(answer) == (400, "VOD.10053")
    assert _shown(project, asset.asset_id) == []


def test_media_of_another_account_do_not_exist(
    project: Project, settings: Settings, client: httpx2.Client
) -> None:
    mine, others = project.asset("mine", data=b"mine"), project.asset("others", data=b"others")
    narrow = Project(settings, client, name="narrow", media=(mine.asset_id,))

    told = narrow.set_cover(others.url)
    nowhere = narrow.set_cover("https://elsewhere.example/a.jpg")

    assert narrow.set_cover(mine.url).status_code == 204
    assert code_of(told) == code_of(nowhere) == UNKNOWN
    assert told.json()["error_msg"] == nowhere.json()["error_msg"]
    assert project.medium(others.asset_id).cover is None


def test_media_of_another_tenant_do_not_exist(
    project: Project, settings: Settings, client: httpx2.Client
) -> None:
    asset = project.asset()
    stranger = Project(settings, client, name="stranger", tenant="acme")

    assert code_of(stranger.set_cover(asset.url)) == UNKNOWN
    named = f"https://elsewhere.example/asset/{asset.asset_id}/a.jpg"
    assert code_of(stranger.set_cover(named)) == UNKNOWN
    assert code_of(stranger.ask_details(asset.asset_id)) == UNKNOWN
