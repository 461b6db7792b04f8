"""A project of the dialect: an account with its secret, its media, and calls signed for it."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import httpx2

from tests.api.attempts import Attempts
from tests.api.routes.test_jobs import make_job
from tests.worker.state.pictures import cover, result
from worker import wiring
from worker.contracts.accounts import Account
from worker.contracts.catalogue import MediumRecord
from worker.contracts.names import Visibility
from worker.rules.keys import private_key, public_key
from worker.settings import Settings
from worker.signing import sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest
from worker.state.accounts import AccountRecords

PROJECT_ID: Final = "0123456789abcdef0123456789abcdef"
SECRET: Final = "the first secret of these tests"
JSON: Final = (("Content-Type", "application/json"),)


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and the vendor's code, of an answer that has the vendor's form."""
    told = answer.json()
    assert set(told) == {"error_code", "error_msg", "request_id"}
    assert told["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, told["error_code"]


class Asset(NamedTuple):
    """A medium with one cover that is stored."""

    asset_id: str
    image_id: str
    url: str
    """Of the picture; a signed link where it is private."""


class Project:
    """One account and its calls."""

    def __init__(self, settings: Settings, client: httpx2.Client, **fields: Any) -> None:
        self.settings, self.client = settings, client
        self.state = wiring.state(settings, timeout_s=5)
        self.store = wiring.store(settings)
        told = {
            "name": "shop",
            "tenant": "default",
            # The server remembers keys for a while: each test has its own.
            "access_key": f"AK{secrets.token_hex(9).upper()}",
            "project_id": PROJECT_ID,
            "created_at": datetime.now(UTC),
        }
        self.account = Account.model_validate({**told, **fields})
        self.key = AccessKey(self.account.access_key, SECRET)
        with wiring.redis_client(settings, timeout_s=5) as redis:
            self.records = AccountRecords(redis)
            self.records.create(self.account, sealed=self.sealed(SECRET))

    def sealed(self, secret: str) -> str:
        seal = wiring.account_seal(self.settings)
        return seal.seal(secret, bound_to=self.account.access_key)

    def path(self, rest: str) -> str:
        return f"/v1.0/{self.account.project_id}/asset{rest}"

    def signed(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: bytes = b"",
        headers: Sequence[tuple[str, str]] = JSON,
        at: datetime | None = None,
        key: AccessKey | None = None,
    ) -> RawRequest:
        """A request as a client signs it; what is sent may be another."""
        host = httpx2.URL(self.client.base_url).netloc.decode()
        told = RawRequest(method, path, query, (("Host", host), *headers), body)
        return sdk_hmac_sha256.sign(told, key or self.key, at=at or datetime.now(UTC))

    def send(self, raw: RawRequest) -> httpx2.Response:
        url = f"{raw.target}?{raw.query}" if raw.query else raw.target
        return self.client.request(raw.method, url, headers=list(raw.headers), content=raw.body)

    def call(self, method: str, path: str, **told: Any) -> httpx2.Response:
        return self.send(self.signed(method, path, **told))

    def set_cover(self, url: object, **told: Any) -> httpx2.Response:
        body = json.dumps({"thumbnailUrl": url}).encode()
        return self.call("PUT", self.path("/cover"), body=body, **told)

    def details(self, asset_id: str, *categories: str) -> dict[str, Any]:
        answer = self.ask_details(asset_id, *categories)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def ask_details(self, asset_id: str, *categories: str) -> httpx2.Response:
        pairs = [("asset_id", asset_id), *(("categories", each) for each in categories)]
        return self.call("GET", self.path("/details"), query=urlencode(pairs))

    def begin_upload(self, asset_id: object, **fields: object) -> httpx2.Response:
        told = {"asset_id": asset_id, "cover_type": "JPG", **fields}
        return self.call("PUT", self.path(""), body=json.dumps(told).encode())

    def put_cover(
        self, link: str, data: bytes, content_type: str = "image/jpeg"
    ) -> httpx2.Response:
        """What the vendor's documentation says: a plain PUT, without Authorization."""
        return self.client.put(link, content=data, headers={"Content-Type": content_type})

    def token(self, **identity: Any) -> httpx2.Response:
        scope = {"project": {"id": self.account.project_id}}
        told = {"auth": {"identity": identity, "scope": scope}}
        # Characters are escaped, as clients do, so that halves of them can be told too.
        body = json.dumps(told).encode()
        return self.client.post("/v3/auth/tokens", content=body, headers=dict(JSON))

    def token_text(self) -> str:
        user = {"name": self.account.name, "password": SECRET}
        answer = self.token(methods=["password"], password={"user": user})
        return str(answer.headers["x-subject-token"])

    def asset(
        self,
        name: str = "clip",
        *,
        data: bytes = b"a cover",
        visibility: Visibility = "public",
    ) -> Asset:
        """A medium that a job made a cover of."""
        job_id = make_job(
            self.client,
            source={"url": f"https://media.example/{name}.mp4"},
            sizes=[64],
            visibility=visibility,
        )
        digest = sha256(data).hexdigest()
        is_private = visibility == "private"
        key = (
            private_key("default", digest, "jpg")
            if is_private
            else public_key("covers", digest, "jpg")
        )
        self.state.references.of_job("default", job_id)(key)
        self.store.put(key, data, content_type="image/jpeg")
        url = None if is_private else self.store.public_url(key)
        made = cover(key).model_copy(update={"url": url})
        Attempts(self.settings).succeed_with(job_id, "cover", result(made))
        (image,) = self.client.get("/v1/images", params={"job": job_id}).json()["images"]
        link = url or self.store.signed_url(key, expires_s=600)
        return Asset(image["medium"], image["image_id"], link)

    def medium(self, asset_id: str) -> MediumRecord:
        found = self.state.media.read("default", asset_id)
        assert found is not None
        return found


def headers_without(raw: RawRequest, *names: str) -> RawRequest:
    """The request without these headers."""
    kept = tuple(each for each in raw.headers if each[0].lower() not in names)
    return raw._replace(headers=kept)


def with_header(raw: RawRequest, told: Mapping[str, str]) -> RawRequest:
    """The request with these headers beside or instead of its own."""
    bare = headers_without(raw, *(name.lower() for name in told))
    return bare._replace(headers=(*bare.headers, *told.items()))
