"""One instance serves a library, the other makes covers of it, over HTTP only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.e2e.conftest import Running, running_in
from tests.e2e.librarian import Librarian
from tests.e2e.steps import cover


class Two(NamedTuple):
    """Who keeps the library, and the instance that has profiles for it."""

    serving: Librarian
    asking: Running

    def job(self, source: dict[str, Any], **fields: Any) -> Any:
        """The job that covers an `album` or `file` of the library."""
        (kind,) = source
        given = {"provider": "tencent_smh", "library_id": "trips", **source[kind]}
        return cover(self.asking.client, {kind: given}, wait_s=60, **fields)

    def cover(self, source: dict[str, Any]) -> bytes:
        """The one cover of a job, by its link."""
        job = self.job(source, sizes=[128])
        assert job["status"] == "succeeded", job["error"]
        (link,) = job["links"]["covers"]
        return httpx2.get(link, trust_env=False).raise_for_status().content


@pytest.fixture(scope="module")
def two(
    running: Running, tmp_path_factory: pytest.TempPathFactory, clip: Path, photo: Path
) -> Iterator[Two]:
    """An album with a clip, stored first, and a photo that was another clip before."""
    serving = Librarian(running)
    secret = serving.library("trips", "--multi-album")
    serving.put("trips/-/rome/first.mp4", clip)
    serving.put("trips/-/rome/me.jpg", photo)
    main = {
        "base_url": str(running.client.base_url),
        "library_id": "trips",
        "library_secret": secret,
        "link_hosts": [running.client.base_url.netloc.decode()],
        "allow_private_addresses": True,
    }
    profiles = {
        "main": main,
        "mistaken": {**main, "library_secret": "another"},
        "reserved": {**main, "tenants": ["others"]},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTFRAME_PROVIDERS__TENCENT_SMH", json.dumps(profiles))
        patch.setenv("FIRSTFRAME_WORKER__MAX_ATTEMPTS", "1")
        with running_in(tmp_path_factory.mktemp("asking") / "data") as asking:
            yield Two(serving, asking)


def test_an_album_becomes_the_cover_that_its_server_gives_it(two: Two, clip: Path) -> None:
    made = two.cover({"album": {"album": "rome"}})

    assert made == two.serving.cover("trips/-/cover/rome", size=128)
    assert made == two.serving.cover_of_upload(clip, 128)


def test_a_file_becomes_a_cover_in_the_version_that_is_named(two: Two, photo: Path) -> None:
    older = two.serving.put("trips/-/rome/again.jpg", photo)["version_id"]
    crop = two.serving.running.data.parent / "crop.jpg"
    crop.write_bytes(two.serving.cover_of_upload(photo, 200))
    newer = two.serving.put("trips/-/rome/again.jpg", crop)["version_id"]

    covers = {
        version: two.cover({"file": {"path": "rome/again.jpg", **named}})
        for version, named in {
            "newest": {},
            newer: {"history_id": newer},
            older: {"history_id": older},
        }.items()
    }

    assert covers["newest"] == covers[newer] == two.serving.cover_of_upload(crop, 128)
    assert covers[older] == two.serving.cover_of_upload(photo, 128) != covers[newer]


def test_covers_of_a_private_library_are_private(two: Two) -> None:
    job = two.job({"album": {"album": "rome"}}, sizes=[96])

    (told,) = job["result"]["covers"]
    assert told["url"] is None
    assert two.asking.client.get(f"/objects/{told['key']}").status_code == 403


@pytest.mark.parametrize(
    ("source", "code"),
    [
        pytest.param(
            {"album": {"album": "rome", "profile": "mistaken"}}, "source.forbidden", id="secret"
        ),
        pytest.param({"album": {"album": "nowhere"}}, "source.not_found", id="album"),
        pytest.param({"file": {"path": "rome/no.jpg"}}, "source.not_found", id="file"),
        pytest.param(
            {"file": {"path": "rome/me.jpg", "history_id": "none"}},
            "source.not_found",
            id="version",
        ),
        pytest.param({"album": {"album": "rome", "space_id": "x"}}, "source.not_found", id="space"),
    ],
)
def test_what_the_server_refuses_ends_the_job(two: Two, source: dict[str, Any], code: str) -> None:
    job = two.job(source, sizes=[64])

    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert "another" not in json.dumps(job)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"profile": "reserved"}, "source.album.profile", id="tenant"),
        pytest.param({"profile": "missing"}, "source.album.profile", id="profile"),
        pytest.param({"library_id": "other"}, "source.album.library_id", id="library"),
    ],
)
def test_what_no_profile_opens_is_refused_at_once(
    two: Two, fields: dict[str, str], field: str
) -> None:
    given = {"provider": "tencent_smh", "library_id": "trips", "album": "rome", **fields}

    answer = two.asking.client.post("/v1/covers", json={"source": {"album": given}})

    assert (answer.status_code, answer.json()["code"]) == (422, "source.not_allowed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
