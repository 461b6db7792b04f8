"""A fake of Huawei VOD: its cover, details and upload calls, and tokens as its IAM gives them."""

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.hosting import Commands, run_alone
from tests.fakes.huawei_assets import Asset
from tests.fakes.huawei_signatures import MAX_BODY_BYTES, Denied, HuaweiAccount, account_of
from tests.fakes.huawei_tokens import Tokens
from tests.fakes.journal import Entry, Journal
from tests.fakes.server import FakeServer
from tests.fakes.temporary_keys import HUAWEI_KEYS, MetadataServer
from tests.fakes.wire import Answer, Request

STATUSES: Final = {
    "APIGW.0101": 404,
    "APIGW.0301": 401,
    "APIGW.0303": 401,
    "APIGW.0308": 429,
    "VOD.10051": 403,
    "VOD.10054": 403,
}
WORDS: Final = {
    "APIGW.0308": "The throttling threshold has been reached",
    "VOD.10062": "Media asset or resource does not exist, please check.",
}
PICTURES: Final = {"JPG": "image/jpeg", "PNG": "image/png"}
XML: Final = "<?xml version='1.0'?><Error><Code>{}</Code><Message>no</Message></Error>"


class HuaweiVod:
    """Tenants, their assets, and switches for what the pages leave open.

    `accepts_known_urls`: the cover may be any URL that names an asset of the tenant.
    `updates_healthy`: UpdateAsset works on an asset that is neither failed nor cancelled.
    `re_encodes`: an uploaded cover is shown in other bytes than it came in.
    """

    def __init__(self) -> None:
        self.journal = Journal()
        self.url, self.clock_offset_s = "", 0.0
        self.accounts: dict[str, HuaweiAccount] = {}
        self.assets: dict[str, Asset] = {}
        self.tokens = Tokens(self.accounts)
        self.uploads: dict[str, tuple[str, str]] = {}
        self.switches: dict[str, float] = {
            "accepts_known_urls": False,
            "updates_healthy": True,
            "re_encodes": False,
            "calls_per_minute": 0,
        }
        self._recent: deque[float] = deque()
        self._temporary_project = "project"
        self._metadata = MetadataServer(
            lambda key: self.add_account(project_id=self._temporary_project, **vars(key)),
            lambda access_key: self.edit_account(access_key, expires_at_s=0),
        )

    def commands(self) -> Commands:
        return {
            "add_account": self.add_account,
            "edit_account": self.edit_account,
            "hand_out_keys": self.hand_out_keys,
            "expire_keys": self._metadata.expire_keys,
            "add_login": self.tokens.add_login,
            "expire_tokens": self.tokens.expire,
            "token_life": self.tokens.set_life,
            "add_asset": self.add_asset,
            "asset": self.told,
            "set_cover": self.set_cover_aside,
            "switch": self.switches.update,
        }

    def add_account(self, **account: Any) -> None:
        """The fields of `HuaweiAccount`."""
        self.accounts[account["access_key"]] = HuaweiAccount(**account)

    def edit_account(self, access_key: str, **fields: Any) -> None:
        vars(self.accounts[access_key]).update(fields)

    def hand_out_keys(self, project_id: str, life_s: float = 3600) -> str:
        """Give temporary keys of a project; the URL where they are asked for."""
        self._temporary_project = project_id
        self._metadata.set_life(life_s)
        return f"{self.url}{HUAWEI_KEYS}"

    def add_asset(
        self,
        asset_id: str,
        project_id: str = "project",
        snapshots: int = 3,
        status: str = "CREATED",
    ) -> list[str]:
        """An asset with snapshots; their URLs."""
        asset = Asset(asset_id, project_id, self.url, status=status)
        asset.snap(snapshots)
        self.assets[asset_id] = asset
        return asset.snapshots

    def told(self, asset_id: str) -> dict[str, Any]:
        """The asset as its details show it, and `state`: what stands as its cover."""
        asset = self.assets[asset_id]
        return {**asset.details(set()), "state": asset.state}

    def set_cover_aside(self, asset_id: str, cover_url: str | None) -> None:
        """Change the cover as somebody at the vendor's console does, past the journal."""
        self.assets[asset_id].cover_url = cover_url

    def named(self, request: Request) -> tuple[str, str]:
        if name := MetadataServer.names(request):
            return name, ""
        parts = [unquote(part) for part in request.path.split("/")[1:]]
        told = _fields(request)
        match (request.method, *parts[:1], *parts[2:]):
            case (_, "upload", *_):
                name, target = "upload_cover", self.uploads.get(parts[-1], ("", ""))[0]
            case (_, "asset", *_):
                name, target = "read_file", parts[1]
            case ("POST", "v3", "tokens"):
                name, target = "create_token", ""
            case ("PUT", "v1.0", "asset", "cover"):
                name, target = "set_cover", self._owner(str(told.get("thumbnailUrl")))
            case ("GET", "v1.0", "asset", "details"):
                name, target = "asset_details", parse_qs(request.query).get("asset_id", [""])[0]
            case ("PUT", "v1.0", "asset"):
                name, target = "update_asset", str(told.get("asset_id"))
            case _:
                name, target = "unknown", ""
        return name, target

    def _owner(self, url: str) -> str:
        return next((part for part in urlsplit(url).path.split("/") if part in self.assets), "")

    def answer(self, request: Request, entry: Entry) -> Answer:
        calls: dict[str, Callable[[Request, Entry], Answer]] = {
            "set_cover": self._set_cover,
            "asset_details": self._asset_details,
            "update_asset": self._update_asset,
        }
        beside: dict[str, Callable[[Request, Entry], Answer]] = {
            "create_token": lambda asked, _: self.tokens.create(asked, self._now_s()),
            "upload_cover": self._upload_cover,
            "read_file": self._read_file,
            "metadata_token": lambda asked, _: self._metadata.answer(asked, self._now_s()),
            "temporary_key": lambda asked, _: self._metadata.answer(asked, self._now_s()),
        }
        try:
            if entry.call in beside:
                return beside[entry.call](request, entry)
            entry.account = self._let_in(request)
            if entry.call not in calls:
                raise Denied("APIGW.0101", "The API does not exist or has not been published")
            self._pace()
            return calls[entry.call](request, entry)
        except Denied as denied:
            entry.code = denied.code
            return self.error(denied.code, {}, denied.words)

    def error(self, code: str, headers: Mapping[str, str], words: str = "") -> Answer:
        request_id = secrets.token_hex(16)
        told = {"error_code": code, "error_msg": words or WORDS.get(code, "no")}
        if code.startswith("APIG"):
            told["request_id"] = request_id
        pause = {"Retry-After": "1"} if code == "APIGW.0308" else {}
        named = {"X-Request-Id": request_id, **pause, **headers}
        return _json(STATUSES.get(code, 400), told, named)

    def _let_in(self, request: Request) -> str:
        """The access key, or the token's start: of a caller that is let in."""
        if len(request.body) > MAX_BODY_BYTES:
            raise Denied("APIGW.0301", "body is too large")
        token, named = request.header("x-auth-token"), ""
        if token and not request.header("authorization"):
            project_id = self.tokens.project_of(token, self._now_s()) or ""
            if not project_id:
                words = "Incorrect IAM authentication information: token expires"
                raise Denied("APIGW.0301", words)
            named = f"token {token[:8]}"
        else:
            account = account_of(request, self.accounts, self._now_s())
            project_id, named = account.project_id, account.access_key
        asked = unquote(request.path.split("/")[2]) if request.path.count("/") > 1 else ""
        if asked != project_id or request.header("x-project-id") not in ("", project_id):
            raise Denied("VOD.10054", "project id and caller do not match")
        return named

    def _pace(self) -> None:
        allowed, now_s = self.switches["calls_per_minute"], time.monotonic()
        while self._recent and self._recent[0] < now_s - 60:
            self._recent.popleft()
        if allowed and len(self._recent) >= allowed:
            raise Denied("APIGW.0308", WORDS["APIGW.0308"])
        self._recent.append(now_s)

    def _asset(self, asset_id: str, request: Request) -> Asset:
        asset = self.assets.get(asset_id)
        if asset is None or asset.project_id != unquote(request.path.split("/")[2]):
            raise Denied("VOD.10062", WORDS["VOD.10062"])
        return asset

    def _set_cover(self, request: Request, entry: Entry) -> Answer:
        url = _text(_body(request), "thumbnailUrl")
        asset = self._asset(entry.target, request)
        if url not in asset.snapshots and not self.switches["accepts_known_urls"]:
            raise Denied("VOD.10062", WORDS["VOD.10062"])
        before, asset.cover_url = asset.state, url
        self.journal.wrote(entry, before, asset.state)
        return Answer(204, b"", {"X-Request-Id": secrets.token_hex(16)})

    def _asset_details(self, request: Request, entry: Entry) -> Answer:
        if not entry.target:
            raise Denied("VOD.10053", "asset_id is required")
        asset = self._asset(entry.target, request)
        return _json(200, asset.details(set(parse_qs(request.query).get("categories", []))))

    def _update_asset(self, request: Request, entry: Entry) -> Answer:
        told = _body(request)
        asset = self._asset(_text(told, "asset_id"), request)
        if asset.status not in ("FAILED", "CANCELLED") and not self.switches["updates_healthy"]:
            raise Denied("VOD.10061", "the state of the asset forbids an update")
        if told.get("cover_type") not in PICTURES or told.get("cover_id", 0) != 0:
            raise Denied("VOD.10053", "cover_type or cover_id is wrong")
        key = secrets.token_hex(12)
        self.uploads[key] = (asset.asset_id, PICTURES[told["cover_type"]])
        url = f"{self.url}/upload/{key}?AWSAccessKeyId=obs&Expires=9&Signature={key}"
        return _json(200, {"asset_id": asset.asset_id, "cover_upload_url": url})

    def _upload_cover(self, request: Request, entry: Entry) -> Answer:
        """Storage: a signed URL, other credentials refused, the signed content type wanted."""
        asset_id, content_type = self.uploads.get(request.path.split("/")[-1], ("", ""))
        if request.header("authorization") or request.header("x-auth-token"):
            return _xml(400, "InvalidArgument")
        if request.method != "PUT" or request.header("content-type") != content_type:
            return _xml(403, "SignatureDoesNotMatch")
        asset = self.assets[asset_id]
        before = asset.state
        re_encodes = bool(self.switches["re_encodes"])
        asset.upload_cover(content_type, request.body, re_encodes=re_encodes)
        self.journal.wrote(entry, before, asset.state)
        return Answer(200)

    def _read_file(self, request: Request, entry: Entry) -> Answer:
        asset = self.assets.get(entry.target)
        if asset is None or request.path not in asset.files:
            return _xml(404, "NoSuchKey")
        content_type, body = asset.files[request.path]
        return Answer(200, body, {"Content-Type": content_type})

    def _now_s(self) -> float:
        return time.time() + self.clock_offset_s


def _fields(request: Request) -> dict[str, Any]:
    try:
        told = json.loads(request.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _body(request: Request) -> dict[str, Any]:
    if request.header("content-type").partition(";")[0].strip() != "application/json":
        raise Denied("VOD.10059", "content type is wrong")
    told = _fields(request)
    if not told:
        raise Denied("VOD.10053", "body is no JSON object")
    return told


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise Denied("VOD.10053", f"{name} is required")
    return value


def _json(status: int, told: dict[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    named = {"Content-Type": "application/json", "X-Request-Id": secrets.token_hex(16)}
    return Answer(status, json.dumps(told).encode(), {**named, **(headers or {})})


def _xml(status: int, code: str) -> Answer:
    return Answer(status, XML.format(code).encode(), {"Content-Type": "application/xml"})


if __name__ == "__main__":
    run_alone(lambda _: FakeServer(HuaweiVod()))
