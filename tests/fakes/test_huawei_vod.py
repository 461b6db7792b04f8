import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.callers import call, huawei
from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, PROJECT_ID, SECRET_KEY

ASSET = "a" * 32
LOGIN = {
    "auth": {
        "identity": {
            "methods": ["password"],
            "password": {
                "user": {"name": "user", "password": "password", "domain": {"name": "tenant"}}
            },
        }
    }
}


@pytest.fixture
def snapshots(huawei_vod: Control) -> list[str]:
    urls: list[str] = huawei_vod.do("add_asset", asset_id=ASSET, project_id=PROJECT_ID)
    return urls


def put_cover(fake: Control, url: str, **how: Any) -> Any:
    return huawei(fake.url, "PUT", "/asset/cover", {"thumbnailUrl": url}, **how)


def test_a_snapshot_becomes_the_cover_and_is_read_back(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    done = put_cover(huawei_vod, snapshots[1])

    told = huawei(huawei_vod.url, "GET", f"/asset/details?asset_id={ASSET}").json
    assert (done.status, done.body) == (204, b"")
    assert told["base_info"]["cover_info_array"] == [{"cover_url": snapshots[1]}]
    assert told["thumbnail_info"]["sample"][1] == {"offset": 1, "url": snapshots[1]}
    assert huawei_vod.covers(ASSET) == [snapshots[1]]


def test_categories_choose_what_is_told(huawei_vod: Control, snapshots: list[str]) -> None:
    target = f"/asset/details?asset_id={ASSET}&categories=base_info"

    assert set(huawei(huawei_vod.url, "GET", target).json) == {"asset_id", "base_info"}


def test_a_foreign_url_is_refused_until_the_switch_allows_those_that_name_an_asset(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    url = f"http://elsewhere.example/{ASSET}/cover.jpg"

    refused = put_cover(huawei_vod, url)
    huawei_vod.do("switch", accepts_known_urls=True)

    assert (refused.status, refused.json["error_code"]) == (400, "VOD.10062")
    assert put_cover(huawei_vod, url).status == 204
    assert put_cover(huawei_vod, "http://elsewhere.example/x.jpg").json["error_code"] == "VOD.10062"


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        pytest.param({"secret": "wrong"}, 401, "APIGW.0301", id="secret"),
        pytest.param({"access_key": "AKNOBODY"}, 401, "APIGW.0301", id="key"),
        pytest.param({"late_s": 960}, 401, "APIGW.0303", id="late"),
        pytest.param({"late_s": -960}, 401, "APIGW.0303", id="early"),
        pytest.param({"headers": {"x-project-id": "other"}}, 403, "VOD.10054", id="project"),
        pytest.param({"headers": {"x-security-token": "t"}}, 401, "APIGW.0301", id="token"),
        pytest.param({"headers": {"content-type": "text/plain"}}, 400, "VOD.10059", id="type"),
    ],
)
def test_what_is_not_signed_right_changes_nothing(
    huawei_vod: Control, snapshots: list[str], how: dict[str, Any], status: int, code: str
) -> None:
    refused = put_cover(huawei_vod, snapshots[0], **how)

    assert (refused.status, refused.json["error_code"]) == (status, code)
    assert refused.headers["x-request-id"]
    assert huawei_vod.changes(ASSET, net=False) == []


def test_a_key_is_locked_after_six_wrong_signatures(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    for _ in range(6):
        put_cover(huawei_vod, snapshots[0], secret="wrong")

    assert put_cover(huawei_vod, snapshots[0]).status == 401
    huawei_vod.do("edit_account", access_key=ACCESS_KEY, locked_until_s=0)
    assert put_cover(huawei_vod, snapshots[0]).status == 204


def test_temporary_keys_need_their_token_until_it_is_over(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do("edit_account", access_key=ACCESS_KEY, security_token="tmp")
    headers = {"x-security-token": "tmp"}

    assert put_cover(huawei_vod, snapshots[0]).status == 401
    assert put_cover(huawei_vod, snapshots[0], headers=headers).status == 204
    huawei_vod.do("edit_account", access_key=ACCESS_KEY, expires_at_s=1)
    assert put_cover(huawei_vod, snapshots[0], headers=headers).status == 401


def test_a_token_of_the_identity_service_lets_in_until_it_is_over(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do(
        "add_login", domain="tenant", user="user", password="password", project_id=PROJECT_ID
    )
    made = call(huawei_vod.url, "POST", "/v3/auth/tokens", body=json.dumps(LOGIN).encode())
    headers = {
        "X-Auth-Token": made.headers["x-subject-token"],
        "Content-Type": "application/json",
    }
    body = json.dumps({"thumbnailUrl": snapshots[0]}).encode()
    target = f"/v1.0/{PROJECT_ID}/asset/cover"

    assert made.status == 201
    assert made.json["token"]["expires_at"].endswith("Z")
    assert call(huawei_vod.url, "PUT", target, headers, body).status == 204
    huawei_vod.do("expire_tokens")
    assert call(huawei_vod.url, "PUT", target, headers, body).status == 401


@pytest.mark.parametrize(
    ("secret", "token", "status"),
    [
        pytest.param(SECRET_KEY, {"key": "tmp"}, 201, id="right"),
        pytest.param(SECRET_KEY, "tmp", 201, id="bare"),
        pytest.param(SECRET_KEY, "other", 401, id="token"),
        pytest.param("wrong", "tmp", 401, id="secret"),
    ],
)
def test_an_access_key_is_changed_into_a_token(
    huawei_vod: Control, snapshots: list[str], secret: str, token: Any, status: int
) -> None:
    huawei_vod.do("edit_account", access_key=ACCESS_KEY, security_token="tmp")
    pair = {"access": {"key": ACCESS_KEY}, "secret": {"key": secret}, "security_token": token}
    told = {"auth": {"identity": {"methods": ["hw_ak_sk"], "hw_ak_sk": pair}}}

    made = call(huawei_vod.url, "POST", "/v3/auth/tokens", body=json.dumps(told).encode())

    assert made.status == status
    assert ("x-subject-token" in made.headers) == (status == 201)


def test_a_wrong_password_gives_no_token(huawei_vod: Control) -> None:
    huawei_vod.do("add_login", domain="tenant", user="user", password="new", project_id=PROJECT_ID)

    told = call(huawei_vod.url, "POST", "/v3/auth/tokens", body=json.dumps(LOGIN).encode())

    assert (told.status, "x-subject-token" in told.headers) == (401, False)


def test_an_uploaded_picture_becomes_the_cover(huawei_vod: Control, snapshots: list[str]) -> None:
    begun = huawei(huawei_vod.url, "PUT", "/asset", {"asset_id": ASSET, "cover_type": "JPG"})
    place = urlsplit(begun.json["cover_upload_url"])
    target = f"{place.path}?{place.query}"

    wrong = call(huawei_vod.url, "PUT", target, {"Content-Type": "image/png"}, b"picture")
    right = call(huawei_vod.url, "PUT", target, {"Content-Type": "image/jpeg"}, b"picture")

    asset = huawei_vod.do("asset", asset_id=ASSET)
    cover = urlsplit(asset["base_info"]["cover_info_array"][0]["cover_url"])
    assert (wrong.status, right.status) == (403, 200)
    assert call(huawei_vod.url, "GET", cover.path).body == b"picture"
    assert huawei_vod.covers(ASSET) == [f"sha256:{hashlib.sha256(b'picture').hexdigest()}"]


def test_an_upload_url_takes_no_other_credentials(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    begun = huawei(huawei_vod.url, "PUT", "/asset", {"asset_id": ASSET, "cover_type": "PNG"})
    headers = {"Content-Type": "image/png", "X-Auth-Token": "t"}

    place = urlsplit(begun.json["cover_upload_url"])

    assert call(huawei_vod.url, "PUT", f"{place.path}?{place.query}", headers).status == 400


def test_more_calls_than_a_minute_allows_are_throttled(
    huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do("switch", calls_per_minute=1)

    assert put_cover(huawei_vod, snapshots[0]).status == 204
    refused = put_cover(huawei_vod, snapshots[1])
    assert (refused.status, refused.json["error_code"]) == (429, "APIGW.0308")
    assert refused.headers["retry-after"] == "1"


def test_keys_are_handed_out_and_end(huawei_vod: Control, snapshots: list[str]) -> None:
    place = urlsplit(huawei_vod.do("hand_out_keys", project_id=PROJECT_ID)).path
    token = call(huawei_vod.url, "PUT", "/meta-data/latest/api/token").body.decode()
    key = call(huawei_vod.url, "GET", place, {"X-Metadata-Token": token}).json["credential"]
    signing = {
        "access_key": key["access"],
        "secret": key["secret"],
        "headers": {"x-security-token": key["securitytoken"]},
    }

    assert put_cover(huawei_vod, snapshots[0], **signing).status == 204
    huawei_vod.do("expire_keys")
    assert put_cover(huawei_vod, snapshots[0], **signing).status == 401


SCRIPT = """
import json, sys
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkvod.v1 import *

url, key, secret, project, asset = sys.argv[1:]
config = HttpConfig.get_default_config()
config.user_agent = "test"
builder = VodClient.new_builder().with_credentials(BasicCredentials(key, secret, project))
client = builder.with_endpoint(url).with_http_config(config).build()

def cover(url):
    body = UpdateCoverByThumbnailReq(thumbnail_url=url)
    return client.update_cover_by_thumbnail(UpdateCoverByThumbnailRequest(body=body))

details = client.show_asset_detail(ShowAssetDetailRequest(asset_id=asset))
done = cover(details.thumbnail_info.sample[2].url)
wanted = ShowAssetDetailRequest(asset_id=asset, categories=["thumbnail_info", "base_info"])
read = client.show_asset_detail(wanted)
begun = client.update_asset(
    UpdateAssetRequest(body=UploadAssetReq(asset_id=asset, cover_id=0, cover_type="JPG"))
)
try:
    cover("https://x/a b/\\u5c01\\u9762.jpg?x=1&y=2")
except ClientRequestException as error:
    refused = [error.status_code, error.error_code, bool(error.request_id)]
print(json.dumps({
    "done": done.status_code,
    "cover": read.base_info.cover_info_array[0].cover_url,
    "upload": begun.cover_upload_url,
    "refused": refused,
}))
"""


@pytest.mark.vendors
def test_the_vendors_own_client_is_understood(
    huawei_vod: Control, snapshots: list[str], vendors_python: Path
) -> None:
    arguments = [huawei_vod.url, ACCESS_KEY, SECRET_KEY, PROJECT_ID, ASSET]
    done = subprocess.run(
        [vendors_python, "-I", "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["upload"].startswith(huawei_vod.url)
    assert (told["done"], told["cover"]) == (204, snapshots[2])
    assert told["refused"] == [400, "VOD.10062", True]
    assert huawei_vod.do("asset", asset_id=ASSET)["state"] == snapshots[2]
