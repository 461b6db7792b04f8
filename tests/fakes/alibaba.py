"""A fake of Alibaba Cloud: MPS 2014-06-18 and VOD 2017-03-21 behind one door, as RPC at `/`."""

import base64
import json
import re
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.fakes.alibaba_media import (
    Image,
    Medium,
    check_cover_url,
    mps_row,
    vod_image,
    vod_video,
)
from tests.fakes.alibaba_signatures import (
    AlibabaAccount,
    Denied,
    Gateway,
    credentials_of,
    pairs_of,
)
from tests.fakes.hosting import Commands, run_alone
from tests.fakes.journal import Entry, Journal
from tests.fakes.server import FakeServer
from tests.fakes.temporary_keys import ALIBABA_KEYS, MetadataServer
from tests.fakes.wire import Answer, Request

MPS, VOD = "2014-06-18", "2017-03-21"
STATUSES: Final = {
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidAction.NotFound": 404,
    "InvalidParameter.ResourceNotFound": 404,
    "InvalidVideo.NotFound": 404,
    "NoSuchResource": 404,
    "Forbidden": 403,
    "OperationDenied": 403,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}
TARGETS: Final = ("MediaId", "MediaIds", "VideoId", "ImageId", "ImageIds")
MEDIA_ID: Final = re.compile(r"[0-9a-f]{32}")
Told = dict[str, Any]


class Alibaba:
    """Accounts, their media, videos and images, and switches for what the pages leave open.

    `absent_clears`: UpdateMediaCover without CoverURL takes the cover away, else does nothing.
    `calls_per_s`: over so many calls of one account in a second are throttled; 0 for none.
    """

    def __init__(self) -> None:
        self.journal = Journal()
        self.url, self.clock_offset_s = "", 0.0
        self.gateway = Gateway()
        self.media: dict[str, Medium] = {}
        self.videos: dict[str, Medium] = {}
        self.images: dict[str, Image] = {}
        self.switches: dict[str, float] = {"absent_clears": False, "calls_per_s": 0}
        self._temporary_owner = "owner"
        self._metadata = MetadataServer(
            lambda key: self.add_account(owner=self._temporary_owner, **vars(key)),
            lambda access_key: self.edit_account(access_key, expires_at_s=0),
        )
        self._links: dict[str, str] = {}
        self._recent: dict[str, deque[float]] = {}
        self._calls: dict[tuple[str, str], Callable[[Told, str, Entry], Told]] = {
            (MPS, "UpdateMediaCover"): self._update_media_cover,
            (MPS, "QueryMediaList"): self._query_media_list,
            (VOD, "UpdateVideoInfo"): self._update_video_info,
            (VOD, "GetVideoInfo"): self._get_video_info,
            (VOD, "GetImageInfo"): self._get_image_info,
            (VOD, "GetImageInfos"): self._get_image_infos,
        }

    def commands(self) -> Commands:
        return {
            "add_account": self.add_account,
            "edit_account": self.edit_account,
            "hand_out_keys": self.hand_out_keys,
            "expire_keys": self._metadata.expire_keys,
            "add_medium": self.add_medium,
            "add_video": self.add_video,
            "add_image": self.add_image,
            "cover": self.cover,
            "remove": self.remove,
            "set_cover": self.set_cover_aside,
            "switch": self.switches.update,
        }

    def add_account(self, **account: Any) -> None:
        """The fields of `AlibabaAccount`."""
        self.gateway.accounts[account["access_key"]] = AlibabaAccount(**account)

    def edit_account(self, access_key: str, **fields: Any) -> None:
        vars(self.gateway.accounts[access_key]).update(fields)

    def hand_out_keys(self, owner: str = "owner", life_s: float = 3600) -> str:
        """Give temporary keys of an owner; the URL that lists the role whose keys they are."""
        self._temporary_owner = owner
        self._metadata.set_life(life_s)
        return f"{self.url}{ALIBABA_KEYS}"

    def add_medium(self, media_id: str, owner: str = "owner") -> None:
        """A medium of MPS."""
        self.media[media_id] = Medium(media_id, owner)

    def add_video(self, video_id: str, owner: str = "owner") -> None:
        """A video of VOD."""
        self.videos[video_id] = Medium(video_id, owner)

    def add_image(self, image_id: str, body_base64: str = "", **fields: Any) -> None:
        """An image of VOD; the fields are those of `Image`."""
        self.images[image_id] = Image(image_id, body=base64.b64decode(body_base64), **fields)

    def cover(self, media_id: str) -> str | None:
        """The cover of a medium or video."""
        return (self.media.get(media_id) or self.videos[media_id]).cover_url

    def set_cover_aside(self, media_id: str, cover_url: str | None) -> None:
        """Change the cover as somebody at the vendor's console does, past the journal."""
        (self.media.get(media_id) or self.videos[media_id]).cover_url = cover_url

    def remove(self, media_id: str) -> None:
        """Delete a medium or video, as somebody at the vendor's console does."""
        self.media.pop(media_id, None)
        self.videos.pop(media_id, None)

    def named(self, request: Request) -> tuple[str, str]:
        if name := MetadataServer.names(request):
            return name, ""
        if request.path.startswith("/image/"):
            return "read_file", request.path.split("/")[2].partition(".")[0]
        told = parse_qs(request.query)
        form = request.header("content-type").startswith("application/x-www-form-urlencoded")
        told.update(parse_qs(request.body.decode("latin-1")) if form else {})
        action = told.get("Action", [request.header("x-acs-action") or "unknown"])[0]
        return action, next((told[name][0] for name in TARGETS if name in told), "")

    def answer(self, request: Request, entry: Entry) -> Answer:
        if entry.call == "read_file":
            return self._read_file(request, entry)
        if entry.call in ("metadata_token", "temporary_key"):
            return self._metadata.answer(request, self._now_s())
        wants_xml = not request.header("authorization")
        try:
            query, form = pairs_of(request)
            told: Told = dict([*query, *form])
            wants_xml = wants_xml and told.get("Format", "XML").upper() == "XML"
            given = credentials_of(request)
            account = self.gateway.let_in(given, self._now_s())
            entry.account = account.access_key
            self._pace(account.access_key)
            if request.method not in ("GET", "POST"):
                raise Denied("UnsupportedHTTPMethod")
            call = self._called(given.version, given.action)
            done = call(told, account.owner, entry)
        except Denied as denied:
            entry.code = denied.code
            return self._told_error(denied.code, {}, wants_xml)
        return _written(
            200, {"RequestId": _request_id(), **done}, f"{entry.call}Response", wants_xml
        )

    def _called(self, version: str, action: str) -> Callable[[Told, str, Entry], Told]:
        if version not in (MPS, VOD):
            raise Denied("InvalidVersion")
        if (version, action) not in self._calls:
            raise Denied("InvalidAction.NotFound")
        return self._calls[(version, action)]

    def error(self, code: str, headers: Mapping[str, str]) -> Answer:
        return self._told_error(code, headers, wants_xml=False)

    def _told_error(self, code: str, headers: Mapping[str, str], wants_xml: bool) -> Answer:
        told = {
            "RequestId": _request_id(),
            "HostId": self.url.partition("://")[2],
            "Code": code,
            "Message": f"The call was refused with {code}.",
            "Recommend": f"https://api.example/troubleshoot?q={code}",
        }
        answer = _written(STATUSES.get(code, 400), told, "Error", wants_xml)
        return answer._replace(headers={**answer.headers, **headers})

    def _pace(self, access_key: str) -> None:
        allowed, now_s = self.switches["calls_per_s"], time.monotonic()
        recent = self._recent.setdefault(access_key, deque())
        while recent and recent[0] < now_s - 1:
            recent.popleft()
        if allowed and len(recent) >= allowed:
            raise Denied("Throttling.User")
        recent.append(now_s)

    def _update_media_cover(self, told: Told, owner: str, entry: Entry) -> Told:
        media_id = _needed(told, "MediaId")
        if not MEDIA_ID.fullmatch(media_id):
            raise Denied("InvalidParameter.UUIDFormatInvalid")
        medium = self.media.get(media_id)
        if medium is None or medium.owner != owner:
            raise Denied("InvalidParameter.ResourceNotFound")
        url = told.get("CoverURL")
        if url:
            check_cover_url(url)
        elif not self.switches["absent_clears"]:
            return {}
        self._cover(medium, url or None, entry)
        return {}

    def _cover(self, medium: Medium, url: str | None, entry: Entry) -> None:
        before, medium.cover_url = medium.cover_url, url
        self.journal.wrote(entry, before, url)

    def _query_media_list(self, told: Told, owner: str, entry: Entry) -> Told:
        ids = _needed(told, "MediaIds").split(",")
        if len(ids) > 10:
            raise Denied("InvalidParameter.OutOfRange")
        found = [self.media[i] for i in ids if i in self.media and self.media[i].owner == owner]
        missing = [i for i in ids if i not in {medium.media_id for medium in found}]
        rows = [mps_row(medium) for medium in found]
        unknown = {"NonExistMediaIds": {"MediaId": missing}} if missing else {}
        return {"MediaList": {"Media": rows}, **unknown}

    def _video(self, told: Told, owner: str) -> Medium:
        video = self.videos.get(_needed(told, "VideoId"))
        if video is None or video.owner != owner:
            raise Denied("InvalidVideo.NotFound")
        return video

    def _update_video_info(self, told: Told, owner: str, entry: Entry) -> Told:
        video = self._video(told, owner)
        video.title = told.get("Title", video.title)
        if told.get("CoverURL"):
            self._cover(video, told["CoverURL"], entry)
        return {}

    def _get_video_info(self, told: Told, owner: str, entry: Entry) -> Told:
        return {"Video": vod_video(self._video(told, owner))}

    def _get_image_info(self, told: Told, owner: str, entry: Entry) -> Told:
        _check_output(told)
        image = self.images.get(_needed(told, "ImageId"))
        if image is None or image.owner != owner:
            raise Denied("NoSuchResource")
        return {"ImageInfo": vod_image(image, self._link(image))}

    def _get_image_infos(self, told: Told, owner: str, entry: Entry) -> Told:
        _check_output(told)
        ids = _needed(told, "ImageIds").split(",")
        if len(ids) > 20:
            raise Denied("InvalidParameter")
        found = [self.images[i] for i in ids if i in self.images and self.images[i].owner == owner]
        missing = [i for i in ids if i not in {image.image_id for image in found}]
        rows = [vod_image(image, self._link(image)) for image in found]
        return {"ImageInfo": rows, "NonExistImageIds": missing}

    def _link(self, image: Image) -> str:
        key = self._links.setdefault(image.image_id, secrets.token_hex(16))
        return f"{self.url}/image/{image.image_id}.jpg?auth_key={key}"

    def _read_file(self, request: Request, entry: Entry) -> Answer:
        image = self.images.get(entry.target)
        key = parse_qs(request.query).get("auth_key", [""])[0]
        if image is None or key != self._links.get(image.image_id):
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        return Answer(200, image.body, {"Content-Type": image.content_type})

    def _now_s(self) -> float:
        return time.time() + self.clock_offset_s


def _needed(told: Told, name: str) -> str:
    if not told.get(name):
        raise Denied(f"Missing{name}")
    return str(told[name])


def _check_output(told: Told) -> None:
    """The limits of AuthTimeout by OutputType."""
    kind, asked = told.get("OutputType", "cdn"), told.get("AuthTimeout", "3600")
    if kind not in ("cdn", "oss") or not re.fullmatch(r"[0-9]{1,18}", asked):
        raise Denied("InvalidParameter")
    if int(asked) < 1 or (kind == "oss" and int(asked) > 2_592_000):
        raise Denied("InvalidParameter")


def _request_id() -> str:
    return str(uuid.uuid4()).upper()


def _written(status: int, told: Told, root: str, wants_xml: bool) -> Answer:
    if not wants_xml:
        headers = {"Content-Type": "application/json;charset=utf-8"}
        return Answer(status, json.dumps(told).encode(), headers)
    text = f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>{_xml(root, told)}"
    return Answer(status, text.encode(), {"Content-Type": "text/xml;charset=utf-8"})


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, each) for each in value)
    if isinstance(value, dict):
        inside = "".join(_xml(each, held) for each, held in value.items())
    else:
        inside = escape(str(value))
    return f"<{name}>{inside}</{name}>"


if __name__ == "__main__":
    run_alone(lambda _: FakeServer(Alibaba()))
