import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes.callers import Told, call
from tests.fakes.smh_files import crc64
from tests.fakes.smh_vendor import SmhVendor

TOKEN = "acctk-canary-token"
PICTURE = b"a picture"


@pytest.fixture
def vendor(smh_vendor: SmhVendor) -> SmhVendor:
    smh_vendor.put("trip/a.mp4", b"film", type="video")
    smh_vendor.tokens[TOKEN] = {"grant": "space_admin"}
    return smh_vendor


def ask(vendor: SmhVendor, method: str, target: str, told: Any = None, **query: str) -> Told:
    body = b"" if told is None else json.dumps(told).encode()
    query = {"access_token": TOKEN, **query}
    headers = {"Content-Type": "application/json"}
    kind, _, path = target.partition("/")
    place = f"/api/v1/{kind}/{vendor.library_id}/-/{path}?{urlencode(query)}"
    return call(vendor.api_url, method, place, headers, body)


def begin(vendor: SmhVendor, strategy: str = "overwrite", name: str = "a.cover.jpg") -> Any:
    told = ask(vendor, "PUT", f"file/trip/{name}", conflict_resolution_strategy=strategy)
    assert told.status == 201, told.body
    return told.json


def send(begun: Any, body: bytes = PICTURE) -> Told:
    return call(f"http://{begun['domain']}", "PUT", begun["path"], begun["headers"], body)


def confirm(vendor: SmhVendor, begun: Any, **told: Any) -> Told:
    return ask(vendor, "POST", f"file/{begun['confirmKey']}", told, confirm="")


def test_an_upload_is_there_once_it_is_confirmed(vendor: SmhVendor) -> None:
    begun = begin(vendor)
    assert send(begun).status == 200
    assert vendor.find("-", ("trip", "a.cover.jpg")) is None

    done = confirm(vendor, begun, crc64=crc64(PICTURE), labels=["cover"])

    assert (done.status, done.json["path"]) == (200, ["trip", "a.cover.jpg"])
    told = ask(vendor, "GET", "file/trip/a.cover.jpg", info="").json
    assert (told["crc64"], told["size"], told["labels"]) == (crc64(PICTURE), "9", ["cover"])
    assert [change["after"] for change in vendor.journal.changes("-/trip/a.cover.jpg")] == [
        f"crc64:{crc64(PICTURE)}"
    ]


@pytest.mark.parametrize(
    ("strategy", "names"),
    [("overwrite", ["a.cover.jpg"] * 2), ("rename", ["a.cover.jpg", "a.cover (1).jpg"])],
)
def test_a_second_upload_overwrites_or_is_renamed(
    vendor: SmhVendor, strategy: str, names: list[str]
) -> None:
    made = []
    for _ in range(2):
        begun = begin(vendor, strategy)
        send(begun)
        made.append(confirm(vendor, begun).json["name"])

    assert made == names
    assert len(vendor.journal.changes()) == len(set(names))


@pytest.mark.parametrize(
    ("sent", "told", "status", "code"),
    [
        pytest.param(None, {}, 400, "UploadIncomplete", id="nothing-sent"),
        pytest.param(PICTURE, {"crc64": "1"}, 400, "BadCrc64", id="checksum"),
    ],
)
def test_an_upload_that_is_not_whole_is_not_confirmed(
    vendor: SmhVendor, sent: bytes | None, told: dict[str, str], status: int, code: str
) -> None:
    begun = begin(vendor)
    if sent:
        send(begun, sent)

    refused = confirm(vendor, begun, **told)

    assert (refused.status, refused.json["code"]) == (status, code)


def test_an_upload_is_confirmed_once(vendor: SmhVendor) -> None:
    begun = begin(vendor)
    send(begun)
    confirm(vendor, begun)

    assert (again := confirm(vendor, begun)).status == 409
    assert again.json["code"] == "UploadComplete"


def test_storage_wants_the_headers_it_told(vendor: SmhVendor) -> None:
    begun = begin(vendor)
    begun["headers"].pop("Authorization")

    assert send(begun).status == 403
    assert confirm(vendor, begun).json["code"] == "UploadIncomplete"


def test_no_directory_is_made_for_an_upload(vendor: SmhVendor) -> None:
    refused = ask(vendor, "PUT", "file/nowhere/a.jpg")

    assert (refused.status, refused.json["code"]) == (404, "DirectoryNotFound")


def test_labels_are_replaced_and_told(vendor: SmhVendor) -> None:
    done = ask(vendor, "POST", "directory/trip/a.mp4", {"labels": ["x", "y"]}, update="")

    told = ask(vendor, "GET", "directory/trip/a.mp4", info="").json
    assert (done.status, done.body, told["labels"]) == (204, b"", ["x", "y"])
    assert [change["after"] for change in vendor.journal.changes("-/trip/a.mp4")] == ['["x", "y"]']


@pytest.mark.parametrize("grant", ["", "delete_file"])
def test_writing_needs_a_grant(vendor: SmhVendor, grant: str) -> None:
    vendor.tokens[TOKEN] = {"grant": grant}

    assert ask(vendor, "PUT", "file/trip/b.jpg").json["code"] == "NoPermission"
    refused = ask(vendor, "POST", "directory/trip/a.mp4", {"labels": []}, update="")
    assert (refused.status, refused.json["code"]) == (403, "NoPermission")


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_a_severed_write_took_effect_or_not(vendor: SmhVendor, when: Any, count: int) -> None:
    vendor.sever("labels", when)

    with pytest.raises(ConnectionError):
        ask(vendor, "POST", "directory/trip/a.mp4", {"labels": ["x"]}, update="")

    assert len(vendor.journal.changes()) == count


def test_a_write_can_be_held(vendor: SmhVendor) -> None:
    step = vendor.hold("confirm", "after")
    begun = begin(vendor)
    send(begun)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(confirm, vendor, begun)
        assert step.reached.wait(10)
        assert vendor.find("-", ("trip", "a.cover.jpg")) is not None
        assert not running.done()
        step.go.set()
        assert running.result(10).status == 200
