import base64
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.fakes.alibaba import MPS, VOD
from tests.fakes.callers import acs3, acs3_headers, call, rpc_v1, sign_acs3
from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY

MEDIUM = "6cc3aa66d1cb4bb2adf14e726c0a1234"
COVER = "http://b.oss/%C3%BC+b~*(1).jpg"
UPDATE = (MPS, "UpdateMediaCover")


@pytest.fixture
def fake(alibaba: Control) -> Control:
    alibaba.do("add_medium", media_id=MEDIUM)
    alibaba.do("add_video", video_id="video")
    picture = base64.b64encode(b"picture").decode()
    alibaba.do("add_image", image_id="image", body_base64=picture)
    return alibaba


@pytest.mark.parametrize("signed", [acs3, rpc_v1], ids=["acs3", "rpc"])
def test_a_cover_is_set_and_read_back(fake: Control, signed: Any) -> None:
    done = signed(fake.url, *UPDATE, {"MediaId": MEDIUM, "CoverURL": COVER})
    told = signed(fake.url, MPS, "QueryMediaList", {"MediaIds": f"{MEDIUM},none"}).json

    assert (done.status, set(done.json)) == (200, {"RequestId"})
    assert told["MediaList"]["Media"][0]["CoverURL"] == COVER
    assert told["NonExistMediaIds"] == {"MediaId": ["none"]}
    assert fake.covers(MEDIUM) == [COVER]


def test_the_cover_of_a_video_is_any_url(fake: Control) -> None:
    url = "https://b.oss/a b.jpg?q=ü"

    done = acs3(fake.url, VOD, "UpdateVideoInfo", {"VideoId": "video", "CoverURL": url})

    told = rpc_v1(fake.url, VOD, "GetVideoInfo", {"VideoId": "video"}).json
    assert (done.status, told["Video"]["CoverURL"]) == (200, url)


def test_images_are_told_with_a_url_that_gives_them(fake: Control) -> None:
    one = acs3(fake.url, VOD, "GetImageInfo", {"ImageId": "image"}).json["ImageInfo"]
    many = acs3(fake.url, VOD, "GetImageInfos", {"ImageIds": "image,none"}).json

    place = urlsplit(one["URL"])
    assert call(fake.url, "GET", f"{place.path}?{place.query}").body == b"picture"
    assert one["Mezzanine"]["FileSize"] == "7"
    assert (many["ImageInfo"][0]["ImageId"], many["NonExistImageIds"]) == ("image", ["none"])


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        pytest.param({"secret": "wrong"}, 400, "SignatureDoesNotMatch", id="secret"),
        pytest.param({"late_s": 960}, 400, "InvalidTimeStamp.Expired", id="late"),
        pytest.param({"late_s": -960}, 400, "InvalidTimeStamp.Expired", id="early"),
        pytest.param(
            {"headers": {"x-acs-security-token": "t"}},
            400,
            "InvalidSecurityToken.Malformed",
            id="sts",
        ),
        pytest.param(
            {"headers": {"x-acs-bearer-token": "t"}}, 400, "InvalidSignatureMethod", id="bearer"
        ),
        pytest.param(
            {"headers": {"x-acs-content-sha256": "0" * 64}}, 400, "SignatureDoesNotMatch", id="body"
        ),
    ],
)
def test_what_is_not_signed_right_changes_nothing(
    fake: Control, how: dict[str, Any], status: int, code: str
) -> None:
    refused = acs3(fake.url, *UPDATE, {"MediaId": MEDIUM, "CoverURL": COVER}, **how)

    assert (refused.status, refused.json["Code"]) == (status, code)
    assert {"RequestId", "HostId", "Message", "Recommend"} < set(refused.json)
    assert fake.changes(MEDIUM, net=False) == []


def test_a_nonce_is_good_once(fake: Control) -> None:
    told = {"MediaId": MEDIUM, "CoverURL": COVER}
    headers = acs3_headers(fake.host, told, *UPDATE)
    sign_acs3(headers, told)

    answers = [call(fake.url, "POST", f"/?{urlencode(told)}", headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 400]
    assert answers[1].json["Code"] == "SignatureNonceUsed"


def test_a_header_that_must_be_signed_and_is_not_is_refused(fake: Control) -> None:
    told = {"MediaId": MEDIUM, "CoverURL": COVER}
    headers = acs3_headers(fake.host, told, *UPDATE)
    sign_acs3(headers, told)
    headers["x-acs-extra"] = "1"

    assert call(fake.url, "POST", f"/?{urlencode(told)}", headers).json["Code"] == (
        "IncompleteSignature"
    )


def test_a_temporary_key_needs_its_token_until_it_is_over(fake: Control) -> None:
    told = {"MediaId": MEDIUM, "CoverURL": COVER}
    fake.do("edit_account", access_key=ACCESS_KEY, security_token="tmp")
    headers = {"x-acs-security-token": "tmp"}

    assert acs3(fake.url, *UPDATE, told).json["Code"] == "MissingSecurityToken"
    assert acs3(fake.url, *UPDATE, told, headers=headers).status == 200
    fake.do("edit_account", access_key=ACCESS_KEY, expires_at_s=1)
    refused = acs3(fake.url, *UPDATE, told, headers=headers)
    assert refused.json["Code"] == "InvalidSecurityToken.Expired"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param({}, "MissingMediaId", id="no-medium"),
        pytest.param({"MediaId": "x"}, "InvalidParameter.UUIDFormatInvalid", id="no-id"),
        pytest.param({"MediaId": "b" * 32}, "InvalidParameter.ResourceNotFound", id="unknown"),
        pytest.param({"CoverURL": "https://b/a.jpg"}, "InvalidParameter.Format", id="https"),
        pytest.param({"CoverURL": "http://b/a.jpg?x"}, "InvalidParameter.Format", id="query"),
        pytest.param({"CoverURL": "http://b/a b.jpg"}, "InvalidParameter.Format", id="space"),
        pytest.param({"CoverURL": "http://ü/a.jpg"}, "InvalidParameter.Format", id="unicode"),
        pytest.param({"CoverURL": "http://b/%zz"}, "InvalidParameter.Format", id="escape"),
        pytest.param(
            {"CoverURL": "http://b/".ljust(3201, "a")}, "InvalidParameter.OutOfRange", id="length"
        ),
    ],
)
def test_a_wrong_parameter_is_told(fake: Control, told: dict[str, str], code: str) -> None:
    known = {"MediaId": MEDIUM} if "CoverURL" in told else {}

    assert acs3(fake.url, *UPDATE, {**known, **told}).json["Code"] == code
    assert fake.changes(net=False) == []


def test_a_cover_url_of_3200_bytes_is_taken(fake: Control) -> None:
    url = "http://b/".ljust(3200, "a")

    assert acs3(fake.url, *UPDATE, {"MediaId": MEDIUM, "CoverURL": url}).status == 200


def test_another_owners_medium_is_not_there(fake: Control) -> None:
    fake.do("edit_account", access_key=ACCESS_KEY, owner="other")

    refused = acs3(fake.url, *UPDATE, {"MediaId": MEDIUM, "CoverURL": COVER})

    assert (refused.status, refused.json["Code"]) == (404, "InvalidParameter.ResourceNotFound")


def test_without_a_format_errors_are_xml(fake: Control) -> None:
    refused = call(fake.url, "GET", "/?Action=UpdateMediaCover&Version=2014-06-18")

    assert refused.headers["content-type"] == "text/xml;charset=utf-8"
    assert b"<Code>MissingAccessKeyId</Code>" in refused.body


def test_more_calls_than_a_second_allows_are_throttled(fake: Control) -> None:
    fake.do("switch", calls_per_s=1)
    told = {"MediaIds": MEDIUM}

    answers = [acs3(fake.url, MPS, "QueryMediaList", told) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 400]
    assert answers[1].json["Code"] == "Throttling.User"


def test_keys_are_handed_out_and_end(fake: Control) -> None:
    place = urlsplit(fake.do("hand_out_keys", life_s=1000)).path
    assert call(fake.url, "GET", place).status == 401
    token = call(fake.url, "PUT", "/latest/api/token").body.decode()
    named = {"X-aliyun-ecs-metadata-token": token}
    role = call(fake.url, "GET", place, named).body.decode()
    one, same = (call(fake.url, "GET", place + role, named).json for _ in range(2))
    told = {"MediaIds": MEDIUM}
    headers = {"x-acs-security-token": one["SecurityToken"]}

    def ask() -> Any:
        signing = {"secret": one["AccessKeySecret"], "access_key": one["AccessKeyId"]}
        return acs3(fake.url, MPS, "QueryMediaList", told, headers=headers, **signing).json

    assert (one["Code"], one) == ("Success", same)
    assert ask()["MediaList"]["Media"]
    fake.do("expire_keys")
    assert ask()["Code"] == "InvalidSecurityToken.Expired"
    assert call(fake.url, "GET", place + role, named).json != one


SCRIPT = """
import asyncio, json, sys
from alibabacloud_mts20140618 import models as mts
from alibabacloud_mts20140618.client import Client as Mts
from alibabacloud_tea_openapi import models
from alibabacloud_vod20170321 import models as vod
from alibabacloud_vod20170321.client import Client as Vod

host, key, secret, medium = sys.argv[1:]

async def run(algorithm):
    config = lambda: models.Config(
        access_key_id=key, access_key_secret=secret, endpoint=host, protocol="HTTP",
        signature_algorithm=algorithm,
    )
    media, videos = Mts(config()), Vod(config())
    codes = []
    for url in ("https://b/a.jpg", "http://b/" + "a" * 3200):
        try:
            media.update_media_cover(mts.UpdateMediaCoverRequest(media_id=medium, cover_url=url))
        except Exception as error:
            codes.append(error.code)
    request = mts.UpdateMediaCoverRequest(media_id=medium, cover_url="http://b.oss/%C3%BC+b~*(1).jpg")
    media.update_media_cover(request)
    await media.update_media_cover_async(request)
    read = media.query_media_list(mts.QueryMediaListRequest(media_ids=medium)).body
    update = vod.UpdateVideoInfoRequest(
        video_id="video", cover_url="https://x/a b.jpg?q=1", title="T\\u00ebst + a", tags=""
    )
    videos.update_video_info(update)
    await videos.update_video_info_async(update)
    video = videos.get_video_info(vod.GetVideoInfoRequest(video_id="video")).body.video
    ask = vod.GetImageInfoRequest(image_id="image", auth_timeout=60, output_type="oss")
    image = videos.get_image_info(ask).body.image_info
    images = videos.get_image_infos(vod.GetImageInfosRequest(image_ids="image,none")).body
    return [codes, read.media_list.media[0].cover_url, video.cover_url, video.title,
            image.mezzanine.file_size, images.non_exist_image_ids]

print(json.dumps([asyncio.run(run(None)), asyncio.run(run("v2"))]))
"""


@pytest.mark.vendors
def test_the_vendors_own_clients_are_understood(fake: Control, vendors_python: Path) -> None:
    arguments = [fake.host, ACCESS_KEY, SECRET_KEY, MEDIUM]
    done = subprocess.run(
        [vendors_python, "-I", "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )

    codes = ["InvalidParameter.Format", "InvalidParameter.OutOfRange"]
    wanted = [codes, COVER, "https://x/a b.jpg?q=1", "Tëst + a", "7", ["none"]]
    assert json.loads(done.stdout.splitlines()[-1]) == [wanted, wanted]
