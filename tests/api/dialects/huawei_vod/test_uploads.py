import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlencode

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.conftest import MAX_UPLOAD_BYTES, Served
from tests.api.dialects.huawei_vod.conftest import with_accounts
from tests.api.dialects.huawei_vod.projects import Asset, Project, code_of
from tests.api.pictures import finish
from tests.worker.state.pictures import cover, result
from worker.contracts.jobs import Job
from worker.contracts.records import RecordResult
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.errors import MediaError, ProviderError
from worker.rules.keys import upload_key
from worker.settings import Settings
from worker.signing import links
from worker.state.callers import KEPT_S
from worker.state.leases import Lease

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
REFUSED = (401, "APIGW.0301")


@pytest.fixture
def asset(project: Project) -> Asset:
    return project.asset()


def _link(project: Project, asset_id: str, **fields: object) -> str:
    answer = project.begin_upload(asset_id, **fields)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == {
        "asset_id",
        "video_upload_url",
        "cover_upload_url",
        "subtitle_upload_urls",
    }
    return str(told["cover_upload_url"])


@pytest.mark.parametrize(
    ("cover_type", "data", "content_type"),
    [("JPG", JPEG, "image/jpeg"), ("PNG", PNG, "image/png")],
)
def test_an_upload_is_kept_and_the_work_begins_that_makes_it_the_cover(
    project: Project, asset: Asset, cover_type: str, data: bytes, content_type: str
) -> None:
    link = _link(project, asset.asset_id, cover_type=cover_type, cover_id=0)
    assert link.startswith(str(project.client.base_url))

    answer = project.put_cover(link, data, content_type)

    assert (answer.status_code, answer.content) == (200, b"")
    newest = project.client.get("/v1/jobs").json()["jobs"][0]
    upload = newest["request"]["source"]["upload"]
    assert project.store.read(upload_key("default", upload), 0, 10_000) == data
    target = newest["request"]["target"]
    assert (target["provider"], target["medium_id"]) == ("firstframe", asset.asset_id)
    job = project.state.jobs.read("default", newest["id"])
    assert job is not None
    assert job.record is not None
    record = project.state.records.read("default", job.record.id)
    assert record is not None
    assert isinstance(record.target, FirstframeTarget)
    assert record.target.as_set == VendorSetting(by="huawei_vod")


def test_an_uploaded_cover_is_a_picture_of_its_asset(
    project: Project, asset: Asset, settings: Settings
) -> None:
    project.put_cover(_link(project, asset.asset_id), JPEG)
    job_id = project.client.get("/v1/jobs").json()["jobs"][0]["id"]
    Attempts(settings)
    image = finish(settings, job_id, data=b"uploaded", visibility="public")

    record = project.state.images.read("default", image)
    assert record is not None
    assert record.medium_id == asset.asset_id
    sample = project.details(asset.asset_id, "thumbnail_info")["thumbnail_info"]["sample"]
    assert len(sample) == 2


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_a_told_md5_must_be_that_of_the_bytes(project: Project, asset: Asset, form: str) -> None:
    digest = hashlib.md5(JPEG)
    told = (
        digest.hexdigest().upper() if form == "hex" else base64.b64encode(digest.digest()).decode()
    )
    link = _link(project, asset.asset_id, cover_md5=told)

    assert code_of(project.put_cover(link, JPEG + b"x")) == (400, "VOD.10053")
    assert project.put_cover(link, JPEG).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"cover_type": None}, "cover_type", id="no-type"),
        pytest.param({"cover_type": "GIF"}, "cover_type", id="type"),
        pytest.param({"cover_type": ["JPG"]}, "cover_type", id="type-in-a-list"),
        pytest.param({"cover_id": 1}, "cover_id", id="id"),
        pytest.param({"cover_id": False}, "cover_id", id="boolean-id"),
        pytest.param({"cover_md5": "abc"}, "cover_md5", id="md5"),
        pytest.param({"cover_md5": 7}, "cover_md5", id="md5-number"),
        pytest.param({"video_name": "clip.mp4"}, "video_name", id="video"),
        pytest.param({"subtitles": [{"id": 1}]}, "subtitles", id="subtitles"),
        pytest.param({"asset_id": "abc"}, "asset_id", id="asset"),
        pytest.param({"asset_id": None}, "asset_id", id="no-asset"),
    ],
)
def test_what_is_no_upload_of_a_cover_is_told_with_its_field(
    project: Project, asset: Asset, fields: dict[str, object], field: str
) -> None:
    told = {"asset_id": asset.asset_id, **fields}

    answer = project.begin_upload(told.pop("asset_id"), **told)

    assert code_of(answer) == (400, "VOD.10053")
    assert answer.json()["error_msg"].startswith(f"{field}: ")


def test_an_unknown_asset_gets_no_link(project: Project) -> None:
    assert code_of(project.begin_upload("f" * 32)) == (400, "VOD.10062")


def test_an_asset_out_of_sight_gets_no_link(
    project: Project, asset: Asset, settings: Settings, client: httpx2.Client
) -> None:
    narrow = Project(settings, client, name="narrow", media=("a" * 32,))

    assert code_of(narrow.begin_upload(asset.asset_id)) == (400, "VOD.10062")


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        pytest.param(JPEG, "image/png", (400, "VOD.10059"), id="other-type"),
        pytest.param(JPEG, "", (400, "VOD.10059"), id="no-type"),
        pytest.param(PNG, "image/jpeg", (400, "VOD.10053"), id="other-bytes"),
        pytest.param(b"<html>", "image/jpeg", (400, "VOD.10053"), id="no-picture"),
        pytest.param(b"", "image/jpeg", (400, "VOD.10053"), id="nothing"),
        pytest.param(
            JPEG + bytes(MAX_UPLOAD_BYTES), "image/jpeg", (413, "APIGW.0201"), id="too-large"
        ),
    ],
)
def test_bytes_that_are_not_what_was_told_are_not_taken(
    project: Project, asset: Asset, data: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    link = _link(project, asset.asset_id)
    jobs = project.client.get("/v1/jobs").json()["jobs"]

    assert code_of(project.put_cover(link, data, content_type)) == expected
    assert project.client.get("/v1/jobs").json()["jobs"] == jobs


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda link: link.replace("type=JPG", "type=PNG"), id="type"),
        pytest.param(lambda link: link.replace("md5=", "md5=0"), id="md5"),
        pytest.param(lambda link: link.replace("expires=", "expires=1"), id="expires"),
        pytest.param(lambda link: link.partition("&signature=")[0], id="unsigned"),
        pytest.param(lambda link: link.partition("?")[0], id="no-query"),
        pytest.param(lambda link: link.replace("AccessKeyId=AK", "AccessKeyId=BK"), id="key"),
    ],
)
def test_a_link_that_was_changed_opens_nothing(
    project: Project, asset: Asset, change: Callable[[str], str]
) -> None:
    link = _link(project, asset.asset_id)

    assert code_of(project.put_cover(change(link), JPEG)) == REFUSED


def test_a_link_that_its_caller_signed_for_another_type_opens_nothing(
    project: Project, asset: Asset
) -> None:
    told = {"AccessKeyId": project.key.id, "type": "GIF", "md5": ""}
    key = f"{project.account.project_id}/{asset.asset_id}/GIF/"
    signed = links.sign(
        method="PUT", key=key, expires_s=int(time.time()) + 60, secret=project.key.secret
    )
    path = project.path(f"/{asset.asset_id}/cover-upload")

    assert code_of(project.put_cover(f"{path}?{urlencode(told)}&{signed}", JPEG)) == REFUSED


def test_a_link_is_for_one_asset_and_one_project(project: Project, asset: Asset) -> None:
    other = project.asset("other")
    link = _link(project, asset.asset_id)

    for one, another in (
        (asset.asset_id, other.asset_id),
        (project.account.project_id, "f" * 32),
    ):
        assert code_of(project.put_cover(link.replace(one, another), JPEG)) == REFUSED


def test_a_link_opens_for_an_hour(project: Project, asset: Asset) -> None:
    link = httpx2.URL(_link(project, asset.asset_id))
    left_s = int(link.params["expires"]) - time.time()
    signed_as = f"{project.account.project_id}/{asset.asset_id}/JPG/"
    over = links.sign(
        method="PUT", key=signed_as, expires_s=int(time.time()) - 1, secret=project.key.secret
    )
    before = str(link).partition("&expires=")[0]

    assert 3590 < left_s <= 3600
    assert code_of(project.put_cover(f"{before}&{over}", JPEG)) == REFUSED


def test_a_link_goes_with_the_secret_it_was_signed_with(project: Project, asset: Asset) -> None:
    link = _link(project, asset.asset_id)
    project.records.rotate(project.account.access_key, sealed=project.sealed("new"), overlap_s=0)
    time.sleep(KEPT_S)

    assert code_of(project.put_cover(link, JPEG)) == REFUSED


class Upload:
    """An upload whose caller waits for its answer, and the worker that makes the cover."""

    def __init__(self, project: Project, settings: Settings, pool: ThreadPoolExecutor) -> None:
        self._project, self._worker = project, Attempts(settings)
        asset_id = project.asset().asset_id
        link = _link(project, asset_id)
        self.answer: Future[httpx2.Response] = pool.submit(project.put_cover, link, JPEG)
        self.job_id = self._begun()

    def _begun(self) -> str:
        until_s = time.monotonic() + 10
        while time.monotonic() < until_s:
            told = self._project.client.get("/v1/jobs", params={"status": "queued"}).json()
            if told["jobs"]:
                return str(told["jobs"][0]["id"])
            time.sleep(0.01)
        raise AssertionError("the upload began no job")

    def makes(self) -> Lease:
        """Make the cover; the attempt at its record."""
        self._worker.succeed_with(self.job_id, "cover", result(cover("covers/aa/1.jpg")))
        self._project.state.lanes.release("record")
        job: Job | None = self._project.state.jobs.read("default", self.job_id)
        assert job is not None
        assert job.record is not None
        return self._worker.begin(job.record.id, "record")

    def tries(self) -> Lease:
        return self._worker.begin(self.job_id)


@pytest.fixture
def waiting(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[Upload]:
    slow = with_accounts(settings, upload_wait_s=30)
    with (
        httpx2.Client(base_url=serve(slow).url, timeout=20) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        yield Upload(Project(slow, client), slow, pool)


@pytest.mark.parametrize("end", ["recorded", "superseded"])
def test_an_upload_is_answered_once_its_cover_stands_or_a_newer_one(
    waiting: Upload, end: str
) -> None:
    lease = waiting.makes()
    time.sleep(0.2)
    assert not waiting.answer.done()

    lease.finish(RecordResult.model_validate({"state": end}))
    ended_s = time.monotonic()

    assert waiting.answer.result().status_code == 200
    assert time.monotonic() - ended_s < 1


def test_a_picture_of_which_no_cover_can_be_made_is_a_wrong_body(waiting: Upload) -> None:
    waiting.tries().fail(MediaError("media.corrupt", "The picture is cut short."))

    answer = waiting.answer.result()
    assert code_of(answer) == (400, "VOD.10053")
    assert answer.json()["error_msg"] == "body: The picture is cut short."


def test_a_cover_that_cannot_be_shown_is_told_as_why(waiting: Upload) -> None:
    waiting.makes().fail(ProviderError("provider.not_found"))

    assert code_of(waiting.answer.result()) == (400, "VOD.10062")


def test_a_cover_that_takes_long_is_taken_all_the_same(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    hasty = with_accounts(settings, upload_wait_s=0.3)
    with httpx2.Client(base_url=serve(hasty).url, timeout=20) as client:
        project = Project(hasty, client)
        link = _link(project, project.asset().asset_id)
        began_s = time.monotonic()

        assert project.put_cover(link, JPEG).status_code == 200
        assert time.monotonic() - began_s >= 0.3
        assert client.get("/v1/jobs").json()["jobs"][0]["status"] == "queued"


def test_nobody_is_waited_for_who_went_away(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    slow = with_accounts(settings, upload_wait_s=60)
    served = serve(slow)
    with httpx2.Client(base_url=served.url, timeout=0.5) as client:
        project = Project(slow, client)
        link = _link(project, project.asset().asset_id)
        with pytest.raises(httpx2.ReadTimeout):
            project.put_cover(link, JPEG)

    until_s = time.monotonic() + 5
    while served.server.server_state.tasks:
        assert time.monotonic() < until_s
        time.sleep(0.01)
