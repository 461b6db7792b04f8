"""Media over HTTP: what jobs saw."""

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.pictures import make_picture
from worker.settings import Settings


def test_a_medium_tells_what_it_is_and_where_its_pictures_are(
    settings: Settings, client: httpx2.Client
) -> None:
    Attempts(settings)
    signed = {"url": "https://media.example/clip.mp4?X-Amz-Signature=abc"}
    first = make_picture(settings, client, quality=1, source=signed)
    second = make_picture(settings, client, quality=2, source={"url": signed["url"] + "def"})
    image = client.get(f"/v1/images/{first}").json()

    medium = client.get(image["links"]["medium"]).raise_for_status().json()

    assert (medium["medium_id"], medium["version"]) == (image["medium"], 1)
    assert (medium["probe"]["kind"], medium["probe"]["codec"]) == ("video", "h264")
    assert "abc" not in str(medium)
    assert medium["created_at"] == image["created_at"] <= medium["seen_at"]
    pictures = client.get(medium["links"]["images"]).json()["images"]
    assert [each["image_id"] for each in pictures] == [second, first]
    assert not {"tenant", "identity", "of_library", "fingerprint"} & medium.keys()


@pytest.mark.parametrize("medium", ["0" * 32, "x", "0" * 31, "0" * 32 + "%0A", "%00", "a" * 2000])
def test_an_unknown_id_is_not_found(client: httpx2.Client, medium: str) -> None:
    answer = client.get(f"/v1/media/{medium}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
