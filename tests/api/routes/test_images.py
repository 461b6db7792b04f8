"""Pictures over HTTP: read, listed, deleted with their objects."""

from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.pictures import finish, make_picture
from tests.api.routes.test_jobs import make_job
from worker import wiring
from worker.rules.catalogue import image_id
from worker.settings import Settings

UNKNOWN = "0" * 32


def listed(client: httpx2.Client, query: str = "") -> list[str]:
    """Ids through all pages of one."""
    page = client.get(f"/v1/images?limit=1{query}").raise_for_status().json()
    ids = [image["image_id"] for image in page["images"]]
    if page["next"] is None:
        return ids
    return ids + listed(client, query.partition("&cursor")[0] + f"&cursor={page['next']}")


def read(client: httpx2.Client, image: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/images/{image}").raise_for_status().json())


def test_a_picture_is_uploading_then_normal(settings: Settings, client: httpx2.Client) -> None:
    job_id = make_job(client, sizes=[64])
    image = image_id(job_id, "covers/64")
    Attempts(settings)

    waiting = read(client, image)
    finish(settings, job_id, data=b"one", visibility="public")
    made = read(client, image)

    assert (waiting["status"], waiting["url"]) == ("Uploading", None)
    assert (made["status"], made["type"]) == ("Normal", "CoverSnapshot")
    assert made["medium"] == waiting["medium"] is not None
    assert made["created_at"] == waiting["created_at"] == _job(client, job_id)["created_at"]
    assert made["url"].endswith(made["storage_location"])
    assert made["links"] == {
        "self": f"/v1/images/{image}",
        "job": f"/v1/jobs/{job_id}",
        "medium": f"/v1/media/{made['medium']}",
    }
    assert not {"tenant", "of_library", "objects", "key"} & made.keys()


def _job(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/jobs/{job_id}").raise_for_status().json())


def test_a_private_picture_is_read_by_its_link_only(
    settings: Settings, client: httpx2.Client
) -> None:
    Attempts(settings)
    made = read(client, make_picture(settings, client, data=b"mine", visibility="private"))

    assert made["url"] is None
    link = made["links"]["signed"].partition("/objects/")[2]
    assert client.get(f"/objects/{link}").content == b"mine"
    assert client.get(f"/objects/{made['storage_location']}").status_code == 403


def test_pictures_are_listed_by_job_medium_and_type(
    settings: Settings, client: httpx2.Client
) -> None:
    Attempts(settings)
    first = make_picture(settings, client, source={"url": "https://example.com/a.mp4"})
    second = make_picture(settings, client, source={"url": "https://example.com/b.mp4"})
    told = read(client, second)

    assert listed(client) == [second, first]
    assert listed(client, f"&job={told['job']}") == [second]
    assert listed(client, f"&medium={told['medium']}") == [second]
    assert listed(client, "&type=CoverSnapshot") == [second, first]
    assert listed(client, "&type=SpriteSnapshot") == []
    assert listed(client, f"&job={told['job']}&type=NormalSnapshot") == []


@pytest.mark.parametrize(
    "query",
    [
        "type=Cover",
        "job=job_1",
        "medium=x",
        "limit=0",
        "limit=201",
        "cursor=x",
        "cursor=" + "1" * 200,
        "tenant=other",
    ],
)
def test_an_odd_query_is_refused_by_its_name(client: httpx2.Client, query: str) -> None:
    answer = client.get(f"/v1/images?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert query.partition("=")[0] in answer.text


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("image", [UNKNOWN, "x", "A" * 32, UNKNOWN + "%0A", "%00", "a" * 2000])
def test_an_unknown_id_is_not_found(client: httpx2.Client, method: str, image: str) -> None:
    answer = client.request(method, f"/v1/images/{image}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


def test_a_deleted_picture_is_gone_with_its_object(
    settings: Settings, client: httpx2.Client
) -> None:
    Attempts(settings)
    image = make_picture(settings, client)
    key = read(client, image)["storage_location"]

    assert client.delete(f"/v1/images/{image}").status_code == 204

    assert client.get(f"/v1/images/{image}").status_code == 404
    assert client.delete(f"/v1/images/{image}").status_code == 404
    assert client.get(f"/objects/{key}").status_code == 404
    assert listed(client) == []
    kept = [stored.key for stored in wiring.store(settings).list("")]
    assert [key for key in kept if "/images/" in key] == []


def test_an_object_that_another_picture_has_stays(
    settings: Settings, client: httpx2.Client
) -> None:
    Attempts(settings)
    first = make_picture(settings, client, quality=1)
    second = make_picture(settings, client, quality=2)
    key = read(client, first)["storage_location"]

    client.delete(f"/v1/images/{first}").raise_for_status()
    assert client.get(f"/objects/{key}").status_code == 200
    client.delete(f"/v1/images/{second}").raise_for_status()

    assert client.get(f"/objects/{key}").status_code == 404


def test_a_picture_that_is_being_made_is_not_deleted(client: httpx2.Client) -> None:
    job_id = make_job(client, sizes=[64])
    image = image_id(job_id, "covers/64")

    answer = client.delete(f"/v1/images/{image}")

    assert (answer.status_code, answer.json()["code"]) == (409, "job.state")
    client.delete(f"/v1/jobs/{job_id}").raise_for_status()
    assert read(client, image)["status"] == "UploadFail"
    assert client.delete(f"/v1/images/{image}").status_code == 204


def test_a_forecast_expects_no_pictures(client: httpx2.Client) -> None:
    body = {"source": {"url": "https://example.com/clip.mp4"}, "sizes": [64]}

    client.post("/v1/covers?plan=true", json=body, headers={"Prefer": "wait=0"})

    assert listed(client) == []
