"""An account of the dialect with its secret, its media, and calls signed for it."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.routes.test_jobs import make_job
from tests.worker.state.pictures import cover, result
from worker import wiring
from worker.contracts.accounts import Account
from worker.contracts.names import Visibility
from worker.rules.catalogue import image_id
from worker.rules.keys import private_key, public_key
from worker.settings import Settings
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1
from worker.signing.wire import AccessKey, RawRequest
from worker.state.accounts import AccountRecords

MPS: Final = "2014-06-18"
VOD: Final = "2017-03-21"
SECRET: Final = "the secret of these tests"
NOBODY: Final = "0123456789abcdef0123456789abcdef"
REQUEST_ID: Final = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}")

Pairs = Mapping[str, object] | Sequence[tuple[str, object]]
Signature = Literal["acs3", "v1"]
BOTH: Final = pytest.mark.parametrize("signature", ["acs3", "v1"])


class Piece(NamedTuple):
    """A medium with one cover that is stored; `url` is a link where it is private."""

    media_id: str
    image_id: str
    url: str
    key: str


class Shelf:
    """One account and its calls."""

    def __init__(self, settings: Settings, client: httpx2.Client, **fields: Any) -> None:
        self.settings, self.client = settings, client
        self.state = wiring.state(settings, timeout_s=5)
        self.store = wiring.store(settings)
        told = {
            "name": "shop",
            "tenant": "default",
            # A key of its own each time: what the server knew of one it keeps for a moment.
            "access_key": secrets.token_hex(10).upper(),
            "project_id": "0" * 32,
            "created_at": datetime.now(UTC),
        }
        self.account = Account.model_validate({**told, **fields})
        self.key = AccessKey(self.account.access_key, SECRET)
        sealed = wiring.account_seal(settings).seal(SECRET, bound_to=self.account.access_key)
        with wiring.redis_client(settings, timeout_s=5) as redis:
            AccountRecords(redis).create(self.account, sealed=sealed)

    @property
    def host(self) -> str:
        return self.client.base_url.netloc.decode()

    def signed(
        self,
        action: str,
        told: Pairs,
        *,
        version: str,
        signature: Signature = "acs3",
        method: str = "POST",
        in_form: bool = False,
        at: datetime | None = None,
        nonce: str | None = None,
        key: AccessKey | None = None,
    ) -> RawRequest:
        """A request as a client signs it; what is sent may be another."""
        given = list(told.items() if isinstance(told, Mapping) else told)
        headers = [("Host", self.host)]
        if signature == "acs3":
            headers += [("x-acs-action", action), ("x-acs-version", version)]
        else:
            given += [("Action", action), ("Version", version)]
        encoded = "&".join(f"{quote(name, safe='')}={_escaped(value)}" for name, value in given)
        body = b""
        if in_form:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            encoded, body = "", encoded.encode()
        raw = RawRequest(method, "/", encoded, tuple(headers), body)
        sign = acs3_hmac_sha256.sign if signature == "acs3" else rpc_hmac_sha1.sign
        return sign(
            raw, key or self.key, at=at or datetime.now(UTC), nonce=nonce or secrets.token_hex(16)
        )

    def send(self, raw: RawRequest) -> httpx2.Response:
        url = f"{raw.target}?{raw.query}" if raw.query else raw.target
        return self.client.request(raw.method, url, headers=list(raw.headers), content=raw.body)

    def mps(self, action: str, told: Pairs, **how: Any) -> httpx2.Response:
        return self.send(self.signed(action, told, version=MPS, **how))

    def vod(self, action: str, told: Pairs, **how: Any) -> httpx2.Response:
        return self.send(self.signed(action, told, version=VOD, **how))

    def set_cover(self, media_id: str, url: str, **how: Any) -> httpx2.Response:
        return self.mps("UpdateMediaCover", {"MediaId": media_id, "CoverURL": url}, **how)

    def medium(self, media_id: str, **told: object) -> dict[str, Any]:
        """The medium as QueryMediaList tells it."""
        answer = told_by(self.mps("QueryMediaList", {"MediaIds": media_id, **told}))
        (medium,) = answer["MediaList"]["Media"]
        return dict(medium)

    def image(self, image: str, **told: object) -> dict[str, Any]:
        """The image as GetImageInfo tells it."""
        answer = told_by(self.vod("GetImageInfo", {"ImageId": image, **told}))
        return dict(answer["ImageInfo"])

    def video(self, video_id: str) -> dict[str, Any]:
        """The medium as GetVideoInfo tells it."""
        return dict(told_by(self.vod("GetVideoInfo", {"VideoId": video_id}))["Video"])

    def job(self, name: str = "clip", visibility: Visibility = "public") -> str:
        """The id of a job for a cover of 64 pixels, of a medium of that name."""
        source = {"url": f"https://media.example/{name}.mp4"}
        return make_job(self.client, source=source, sizes=[64], visibility=visibility)

    def piece(
        self, name: str = "clip", *, data: bytes = b"a cover", visibility: Visibility = "public"
    ) -> Piece:
        """A medium that a job made a cover of."""
        return self.finish(self.job(name, visibility), data=data, visibility=visibility)

    def finish(self, job_id: str, *, data: bytes, visibility: Visibility) -> Piece:
        digest, is_private = sha256(data).hexdigest(), visibility == "private"
        key = (
            private_key("default", digest, "jpg")
            if is_private
            else public_key("covers", digest, "jpg")
        )
        self.state.references.of_job("default", job_id)(key)
        self.store.put(key, data, content_type="image/jpeg")
        url = None if is_private else self.store.public_url(key)
        made = cover(key).model_copy(update={"url": url, "bytes": len(data)})
        Attempts(self.settings).succeed_with(job_id, "cover", result(made))
        image = self.state.images.read("default", image_id(job_id, "covers/64"))
        assert image is not None
        assert image.medium_id is not None
        link = url or self.store.signed_url(key, expires_s=600)
        return Piece(image.medium_id, image.image_id, link, key)


def _escaped(value: object) -> str:
    return quote(value if isinstance(value, bytes) else str(value), safe="")


def ask(shelf: Shelf, **how: Any) -> RawRequest:
    """A call that would be answered."""
    told = {"MediaIds": NOBODY, "Format": "JSON"}
    return shelf.signed("QueryMediaList", told, version=MPS, **how)


def told_by(answer: httpx2.Response) -> dict[str, Any]:
    """What a call that succeeded tells."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    told: dict[str, Any] = answer.json()
    assert REQUEST_ID.fullmatch(told["RequestId"])
    return told


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a failure that has the vendor's form."""
    told = json.loads(answer.content)
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert set(told) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert REQUEST_ID.fullmatch(told["RequestId"])
    assert told["HostId"] == answer.request.headers["host"]
    assert told["Message"]
    assert told["Code"] in told["Recommend"]
    return answer.status_code, told["Code"]


def without(raw: RawRequest, *names: str) -> RawRequest:
    """The request without these headers."""
    kept = tuple(each for each in raw.headers if each[0].lower() not in names)
    return raw._replace(headers=kept)


def beside(raw: RawRequest, **told: str) -> RawRequest:
    """The request with these headers beside its own; names have `_` for `-`."""
    more = tuple((name.replace("_", "-"), value) for name, value in told.items())
    return raw._replace(headers=(*raw.headers, *more))
