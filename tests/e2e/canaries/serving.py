"""What clients of the served vendor APIs send, with right credentials and with canaries."""

import base64
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from tests.e2e.canaries.calling import Caller
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

MPS: Final = "2014-06-18"
VOD: Final = "2017-03-21"
_LATE: Final = timedelta(minutes=16)
_ALBUM_LIBRARY: Final = "holiday"


class Customer(NamedTuple):
    """An account of the instance, with keys of which one is right."""

    caller: Caller
    project_id: str
    right: AccessKey
    wrong: AccessKey

    def tries(self) -> Iterator[tuple[AccessKey, datetime]]:
        """Right and wrong ones, and the right one too late; with a token that was never given."""
        now = datetime.now(UTC)
        yield self.right, now
        yield self.wrong, now
        yield self.right, now - _LATE
        yield self.wrong._replace(id=self.right.id), now

    def send(self, raw: RawRequest) -> Any:
        query = f"?{raw.query}" if raw.query else ""
        told = {"headers": list(raw.headers), "content": raw.body}
        return self.caller.call(raw.method, f"{raw.target}{query}", **told)

    @property
    def host(self) -> str:
        return urlsplit(str(self.caller.here.client.base_url)).netloc


def open_account(caller: Caller) -> Customer:
    """An account by the operator's commands, which tell its secrets once each."""
    command, planted = caller.here.command, caller.planted
    first = json.loads(command("accounts", "create", "shop", "--json"))
    planted.know("account secret before", first["secret"])
    second = json.loads(command("accounts", "rotate", "shop", "--json"))
    planted.know("account secret", second["secret"])
    for words in (("list",), ("list", "--json"), ("create", "shop"), ("disable", "nobody")):
        caller.keep("accounts", command("accounts", *words))
    token = planted.draw("client security_token")
    wrong = AccessKey(
        planted.draw("client access_key", plain=True), planted.draw("client secret_key"), token
    )
    right = AccessKey(first["access_key"], second["secret"])
    return Customer(caller, first["project_id"], right, wrong)


def call_huawei(customer: Customer, medium: str, picture: str) -> None:
    """Tokens, signatures and uploads, right and wrong."""
    caller, planted = customer.caller, customer.caller.planted
    for identity in _identities(customer):
        answer = caller.here.client.post(
            "/v3/auth/tokens", json={"auth": {"identity": identity, "scope": {}}}
        )
        caller.keep("tokens", answer.text)
        if "x-subject-token" in answer.headers:
            token = answer.headers["x-subject-token"]
            planted.know(f"X-Auth-Token {identity['methods'][0]}", token)
            _with_token(customer, medium, token)
    _with_token(customer, medium, planted.draw("client X-Auth-Token", plain=True))
    path = f"/v1.0/{customer.project_id}/asset"
    hidden = caller.signed_query("set by Huawei's client")
    far = caller.out.media.serve(f"/asset/{medium}/far.jpg", _picture(picture))
    bodies = [{"thumbnailUrl": f"{far}?{hidden}"}, {"thumbnailUrl": f"{far}?{hidden}\n"}]
    for key, at in customer.tries():
        query = urlencode({"asset_id": medium, "key": customer.wrong.secret})
        for method, rest, asked, body in (
            ("GET", "/details", f"asset_id={medium}", None),
            ("GET", "/details", query, None),
            *(("PUT", "/cover", "", each) for each in bodies),
            ("PUT", "", "", {"asset_id": medium, "cover_type": "JPG"}),
        ):
            content = json.dumps(body).encode() if body else b""
            headers = (("Host", customer.host), ("Content-Type", "application/json"))
            raw = RawRequest(method, f"{path}{rest}", asked, headers, content)
            told = customer.send(sdk_hmac_sha256.sign(raw, key, at=at))
            if told and "cover_upload_url" in told:
                _upload(caller, told["cover_upload_url"], picture)


def _identities(customer: Customer) -> Iterator[dict[str, Any]]:
    for secret in (customer.right.secret, customer.wrong.secret):
        user = {"name": "shop", "password": secret, "domain": {"name": "any"}}
        yield {"methods": ["password"], "password": {"user": user}}
        pair = {"access": {"key": customer.right.id}, "secret": {"key": secret}}
        yield {"methods": ["hw_ak_sk"], "hw_ak_sk": pair}
        yield {"methods": ["hw_ak_sk"], "hw_ak_sk": {"access": secret, "secret": [secret]}}


def _with_token(customer: Customer, medium: str, token: str) -> None:
    for path in (f"/asset/details?asset_id={medium}", f"/asset/cover?key={token}"):
        headers = {"X-Auth-Token": token}
        customer.caller.call("GET", f"/v1.0/{customer.project_id}{path}", headers=headers)


def _picture(picture: str) -> Any:
    body = base64.b64decode(picture)
    return lambda handler: handler.answer(200, body, Content_Type="image/jpeg")


def _upload(caller: Caller, link: str, picture: str) -> None:
    signature = urlsplit(link).query.rpartition("signature=")[2].partition("&")[0]
    caller.planted.know(f"upload link {len(caller.planted)}", signature)
    headers = {"Content-Type": "image/jpeg"}
    for query in (link, f"{link}0"):
        caller.call("PUT", query, content=base64.b64decode(picture), headers=headers)


def call_alibaba(customer: Customer, medium: str, image: str) -> None:
    """Both signatures, right and wrong, JSON and XML, and bearers."""
    caller = customer.caller
    hidden = caller.signed_query("set by Alibaba's client")
    far = f"http://127.0.0.1:{caller.out.media.port}/asset/{medium}/far.jpg"
    calls: list[tuple[str, str, dict[str, str]]] = [
        (MPS, "UpdateMediaCover", {"MediaId": medium, "CoverURL": f"{far}?{hidden}"}),
        (MPS, "UpdateMediaCover", {"MediaId": medium, "CoverURL": f"http://a:{hidden[20:60]}@b/c"}),
        (MPS, "QueryMediaList", {"MediaIds": medium}),
        (VOD, "UpdateVideoInfo", {"VideoId": medium, "CoverURL": f"{far}?{hidden}"}),
        (VOD, "GetVideoInfo", {"VideoId": medium}),
        (VOD, "GetImageInfo", {"ImageId": image, "AuthTimeout": "x"}),
        (VOD, "GetImageInfos", {"ImageIds": image}),
    ]
    for (version, action, told), (key, at) in _product(calls, list(customer.tries())):
        for signature, form in (("acs3", "JSON"), ("v1", "JSON"), ("v1", "XML")):
            given = [*told.items(), ("Format", form)]
            raw = _unsigned(customer.host, version, action, given, by_headers=signature == "acs3")
            sign = acs3_hmac_sha256.sign if signature == "acs3" else rpc_hmac_sha1.sign
            customer.send(sign(raw, key, at=at, nonce=secrets.token_hex(16)))
    token = caller.planted.draw("client bearer token", plain=True)
    for headers in ({"x-acs-bearer-token": token}, {"Authorization": f"Bearer {token}"}):
        caller.call("POST", f"/?Action=GetImageInfo&BearerToken={token}", headers=headers)


def _product(calls: list[Any], keys: list[Any]) -> Iterator[tuple[Any, Any]]:
    return ((call, key) for call in calls for key in keys)


def _unsigned(
    host: str, version: str, action: str, given: list[tuple[str, str]], *, by_headers: bool
) -> RawRequest:
    headers: list[tuple[str, str]] = [("Host", host)]
    if by_headers:
        headers += [("x-acs-action", action), ("x-acs-version", version)]
    else:
        given = [*given, ("Action", action), ("Version", version)]
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in given)
    return RawRequest("POST", "/", query, tuple(headers), b"")


def call_smh(caller: Caller, clip: Path) -> None:
    """A library that is served, its secret and tokens right and wrong."""
    command, planted = caller.here.command, caller.planted
    made = json.loads(
        command("smh", "library", "create", _ALBUM_LIBRARY, "--kind", "media", "--json")
    )
    secret = planted.know("served library secret", made["secret"])
    token = command("smh", "token", "create", _ALBUM_LIBRARY, "--grant", "admin").strip()
    planted.know("served access_token", token.removeprefix("acctk"))
    caller.keep("smh", command("smh", "put", f"{_ALBUM_LIBRARY}/-/", str(clip)))
    wrong = planted.draw("client library_secret", plain=True)
    for each in (secret, wrong):
        told = {"library_id": _ALBUM_LIBRARY, "library_secret": each}
        given = caller.here.client.get("/api/v1/token", params=told)
        if given.is_success:
            access = given.json()["accessToken"]
            planted.know("served access_token by secret", access.removeprefix("acctk"))
        else:
            caller.keep("token", given.text)
    for each in (token, f"acctk{wrong}"):
        for path in ("directory/{}/-", "file/{}/-/nothing.mp4", "album/{}/-/cover"):
            where = f"/api/v1/{path.format(_ALBUM_LIBRARY)}?{urlencode({'access_token': each})}"
            caller.call("GET", where)
        for method in ("POST", "DELETE"):
            caller.call(method, f"/api/v1/token/{_ALBUM_LIBRARY}/acctk{wrong}")
