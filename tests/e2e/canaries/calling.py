"""What clients send: media to cover, covers to record, with canaries in all of it."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.e2e.canaries.instances import Watched
from tests.e2e.canaries.planted import Planted
from tests.e2e.canaries.profiles import LIBRARY, Outside
from tests.e2e.canaries.scanning import Output
from tests.e2e.steps import upload
from tests.fakes.running import PROJECT_ID
from tests.http_server import Behaviour, Handler, ranges, redirect, saying

ENDED: Final = ("succeeded", "failed", "cancelled")
_STATUSES: Final = (200, 400, 401, 403, 404, 429, 500, 503)
_SIZES: Final = [64]
_PATIENCE_S: Final = 30
_ECHO: Final = "HTTP/1.1 {} no\r\nServer: {}\r\nContent-Type: {}\r\nX-Amz-Request-Id: {}\r\n\r\n{}"


class Caller(NamedTuple):
    """A client that keeps every answer it got, and counts in `seen` what happened."""

    here: Watched
    out: Outside
    planted: Planted
    told: list[Output]
    seen: Counter[str]

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer, None where it has none."""
        answer = self.here.client.request(method, path, **request)
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
        self.seen[f"answered {answer.status_code}"] += 1
        self.keep(f"{method} {urlsplit(path).path}", f"{head}\n\n{answer.text}")
        is_json = "json" in answer.headers.get("content-type", "") and answer.content
        return answer.json() if is_json and "ndjson" not in head else None

    def keep(self, name: str, text: str) -> None:
        """Keep something that was told."""
        self.told.append(Output(f"answer {name}", text.encode()))

    def signed_query(self, name: str) -> str:
        """A query as storage signs it, its secrets canaries."""
        names = ("X-Amz-Signature", "X-Amz-Security-Token", "auth_key")
        return "&".join(
            f"{each}={self.planted.draw(f'{name} {each}', plain=True)}" for each in names
        )

    def callback(self, name: str, url: str) -> str:
        """A callback URL whose query is a secret."""
        return f"{url}?key={self.planted.draw(f'callback {name}', plain=True)}"

    def cover(self, source: dict[str, Any], **fields: Any) -> str | None:
        """Ask for a cover; the job's id."""
        body = {"source": source, "sizes": _SIZES, **fields}
        told = self.call("POST", "/v1/covers", json=body)
        return told.get("id") if told else None

    def finished(self, jobs: list[str]) -> list[Any]:
        """The jobs, when all have ended or wait for a next attempt after a failure."""
        return self.waited(
            lambda: [self.call("GET", f"/v1/jobs/{each}") for each in jobs],
            lambda job: job["status"] in ENDED,
        )

    def waited(self, look: Callable[[], list[Any]], is_over: Callable[[Any], bool]) -> list[Any]:
        """What `look` gives, once all of it is over or patience is."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not all(map(is_over, found := look())) and time.monotonic() < deadline_s:
            time.sleep(1)
        return found


def made_cover(caller: Caller, clip: Path) -> str:
    """The job of a cover that can be recorded."""
    job = caller.cover({"upload": upload(caller.here.client, clip)})
    assert job is not None
    return job


def send_media(caller: Caller, clip: Path, photo: Path) -> list[str]:
    """Every kind of source, well and badly, each with a callback of its own; the jobs' ids."""
    media, receiver = caller.out.media, caller.out.receiver
    hook = receiver.url
    jobs: list[str | None] = []
    for name, behaviour in _behaviours(caller, clip):
        url = f"{media.serve(f'/{name}.mp4', behaviour)}?{caller.signed_query(f'source {name}')}"
        jobs.append(
            caller.cover({"url": url}, callback_url=caller.callback(name, f"{hook}/{name}"))
        )
    for name, url in (
        ("refused", "http://127.0.0.1:9/a.mp4"),
        ("tls", f"https://127.0.0.1:{media.port}/a"),
    ):
        jobs.append(caller.cover({"url": f"{url}?{caller.signed_query(f'source {name}')}"}))
    media.serve("/media/object.mp4", _repeating(500, caller.planted.among("objects")))
    caller.out.smh.put("trip/first.mp4", clip.read_bytes(), type="video")
    caller.out.alibaba_fake.add_image("image-1", "")
    caller.out.alibaba_fake.images["image-1"].body = photo.read_bytes()
    sources: list[dict[str, Any]] = [
        {"object": {"bucket": "media", "key": "object.mp4"}},
        *(
            {
                "album": {
                    "provider": "tencent_smh",
                    "library_id": LIBRARY,
                    "album": "trip",
                    "profile": each,
                }
            }
            for each in ("main", "wrong", "down")
        ),
        *(
            {"image": {"provider": "alibaba_vod", "image_id": "image-1", "profile": each}}
            for each in ("main", "sts", "rpc", "temporary", "wrong", "down")
        ),
    ]
    jobs += [caller.cover(each) for each in sources]
    return [each for each in jobs if each]


def _behaviours(caller: Caller, clip: Path) -> Iterator[tuple[str, Behaviour]]:
    yield "good", ranges(clip.read_bytes())
    secrets = caller.planted.among("source good")
    for status in _STATUSES:
        yield f"status-{status}", _repeating(status, secrets)
    hidden = caller.planted.draw("location", plain=True)
    yield "moved", redirect(f"/nowhere.mp4?signature={hidden}")
    yield "moved-away", redirect(f"http://user:{hidden}@127.0.0.1:9/?signature={hidden}")
    yield "text", saying(f"HTTP/1.1 200 OK\r\n\r\nno medium: {secrets[0]}".encode())
    yield "reset", saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nshort")


def _repeating(status: int, secrets: list[str]) -> Behaviour:
    """An answer that says again what it should not, wherever it can."""

    def answer(handler: Handler) -> None:
        said = " ".join((handler.path, handler.headers.get("Authorization", ""), *secrets))
        body = f"<Error><Code>{secrets[0]}</Code><Message>{said}</Message></Error>"
        head = said.replace("\n", " ")
        handler.raw(
            _ECHO.format(status, head, f"application/xml; {secrets[0]}", head, body).encode()
        )

    return answer


def refuse_requests(caller: Caller) -> None:
    """Requests that are refused at once: what is wrong with them is told without them."""
    password = caller.planted.draw("password in a URL", plain=True)
    header = caller.planted.draw("header of a client", plain=True)
    with_password = f"http://user:{password}@example.com/a.mp4"
    good = {"source": {"url": "http://127.0.0.1/a.mp4"}}
    for body in (
        {"source": {"url": with_password}},
        {**good, "callback_url": with_password},
        {**good, "target": {"provider": "huawei_vod", "profile": password, "asset_id": "a"}},
        {**good, "callback_url": f"ftp://example.com/?key={header}"},
    ):
        for headers in ({}, {"Authorization": f"Bearer {header}", "Cookie": f"key={header}"}):
            caller.call("POST", "/v1/covers", json=body, headers=headers)
            caller.call("POST", "/v1/snapshots", json=body, headers=headers)
    lines = json.dumps({"source": {"url": with_password}}) + "\n{}\n"
    as_lines = {"Content-Type": "application/x-ndjson"}
    caller.call("POST", "/v1/covers", content=lines, headers=as_lines)
    for path in (
        f"/v1/jobs?key={header}",
        f"/v1/nothing?key={header}",
        f"/objects/a?signature={header}",
    ):
        caller.call("GET", path, headers={"Authorization": f"Bearer {header}"})


def send_records(caller: Caller, job: str) -> None:
    """A cover to every profile of every provider, over every answer that repeats secrets."""
    for number, (provider, profile, field) in enumerate(_targets()):
        name = f"{number:032x}"
        _add_target(caller, provider, name)
        caller.call("POST", "/v1/records", json=_order(caller, job, provider, profile, field, name))
    for number, (call, status, (provider, profile, field)) in enumerate(_faults()):
        name = f"f{number:031x}"
        _add_target(caller, provider, name)
        fake = caller.out.huawei if provider == "huawei_vod" else caller.out.alibaba
        fake.fault(call, "answer", target=name, times=9, **_echo(caller, provider, profile, status))
        caller.call("POST", "/v1/records", json=_order(caller, job, provider, profile, field, name))


def _order(
    caller: Caller, job: str, provider: str, profile: str, field: str, name: str
) -> dict[str, Any]:
    target = {"provider": provider, "profile": profile, field: name}
    if provider == "tencent_smh":
        target = {**target, "library_id": LIBRARY, "path": "trip/first.mp4"}
    url = caller.callback(f"of record {name}", f"{caller.out.receiver.url}/records")
    return {"job": job, "target": target, "callback_url": url}


def _targets() -> Iterator[tuple[str, str, str]]:
    """Provider, profile and the field of the target's id."""
    for profile in ("main", "sts", "token", "temporary", "keyless", "wrong", "down"):
        yield "huawei_vod", profile, "asset_id"
    for profile in ("main", "sts", "rpc", "temporary", "wrong", "down"):
        yield "alibaba_mps", profile, "media_id"
        yield "alibaba_vod", profile, "video_id"
    for profile in ("main", "password", "down"):
        yield "webhook", profile, "id"
    for profile in ("beside", "label", "wrong", "down"):
        yield "tencent_smh", profile, "user_id"


def _faults() -> Iterator[tuple[str, int, tuple[str, str, str]]]:
    huawei = (("sts", "token"), ("update_asset", "upload_cover", "asset_details"))
    for profile, call, status in product(*huawei, _STATUSES):
        yield call, status, ("huawei_vod", profile, "asset_id")
    for profile, status in product(("sts", "rpc"), _STATUSES):
        yield "UpdateMediaCover", status, ("alibaba_mps", profile, "media_id")
        yield "QueryMediaList", status, ("alibaba_mps", profile, "media_id")
        yield "UpdateVideoInfo", status, ("alibaba_vod", profile, "video_id")


def _add_target(caller: Caller, provider: str, name: str) -> None:
    huawei, alibaba = caller.out.huawei, caller.out.alibaba
    if provider == "huawei_vod":
        huawei.do("add_asset", asset_id=name, project_id=PROJECT_ID, status="FAILED")
    elif provider == "alibaba_mps":
        alibaba.do("add_medium", media_id=name)
    elif provider == "alibaba_vod":
        alibaba.do("add_video", video_id=name)


def _echo(caller: Caller, provider: str, profile: str, status: int) -> dict[str, Any]:
    """An error in the vendor's form that says the caller's credentials, and not in its words."""
    vendor = (
        provider.replace("_vod", "", 1) if provider == "huawei_vod" else provider.replace("_", " ")
    )
    secrets = ["(token)"] if profile == "token" else caller.planted.among(f"{vendor} {profile}")
    assert secrets, (provider, profile)
    said = " ".join(secrets)
    told: dict[str, Any] = {
        "error_code": "VOD.10053" if status == 400 else secrets[-1],
        "error_msg": said,
        "Code": "InvalidParameter" if status == 400 else secrets[-1],
        "Message": said,
        "RequestId": "R-1" if status == 200 else secrets[0],
    }
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": told["RequestId"],
        "Retry-After": "1",
    }
    escaped = json.dumps(told).replace("+", "\\u002B").replace("/", "\\u002f")
    return {"status": status, "headers": headers, "body": escaped}
