"""Served calls of the vendors' APIs, signed, against a call that does nothing: CPU of the API."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import httpx2
from ulid import ULID

from worker import wiring
from worker.commands.accounts import new_account, new_secret, office_of
from worker.commands.bench_load import each_once
from worker.commands.bench_row import Row
from worker.commands.bench_served import Bare, api_pid, bare_framework
from worker.commands.demo import instance
from worker.commands.demo_fetch import WAIT_S, finished
from worker.commands.instance import settings_in
from worker.commands.processes import cpu_s
from worker.contracts.names import DEFAULT_TENANT
from worker.settings import Settings
from worker.signing import acs3_hmac_sha256, sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

MOST_TIMES_BARE: Final = 4
# A medium with a few pictures.
SIZES: Final = [128, 192, 256, 320]
# More than any bench makes: what is measured is what a call costs, not how many are let in.
_CALLS_PER_S: Final = {"FIRSTFRAME_ACCOUNTS__CALLS_PER_SECOND": "1000000"}


class Served(NamedTuple):
    """An account, its medium, and the medium's pictures, one of which has an id."""

    host: str
    key: AccessKey
    project_id: str
    medium_id: str
    image_id: str
    urls: Sequence[str]


def call_rows(medium: Path, folder: Path, rounds: int, calls: int) -> list[Row]:
    """So many signed calls a round, each with a nonce of its own, and as many that do nothing.

    Those are to `/healthz` of the same process, in turn with the calls, and that is compared with a
    bare framework's.
    """
    data = folder / "calls"
    instance_ = instance(data, "--workers", "1", variables=_CALLS_PER_S)
    with instance_ as (base_url, up_pid), bare_framework() as bare:
        served = _served(base_url, settings_in(data), medium)
        ours = Bare(f"{base_url}/healthz", api_pid(up_pid))
        rows = [_healthz_row(ours, bare, rounds, calls)]
        for name, call in CALLS.items():
            rows += _against(name, call, served, ours, rounds, calls)
        return rows


def update_media_cover(served: Served) -> Iterator[bytes]:
    """UpdateMediaCover of Alibaba MPS with each picture in turn: always another than the last."""
    for url in cycle(served.urls):
        query = f"CoverURL={quote(url, safe='~')}&MediaId={served.medium_id}"
        yield _acs3(served, "UpdateMediaCover", "2014-06-18", query)


def get_image_info(served: Served) -> Iterator[bytes]:
    """GetImageInfo of Alibaba VOD."""
    while True:
        yield _acs3(served, "GetImageInfo", "2017-03-21", f"ImageId={served.image_id}")


def put_cover(served: Served) -> Iterator[bytes]:
    """PUT asset/cover of Huawei VOD with each picture in turn."""
    for url in cycle(served.urls):
        body = json.dumps({"thumbnailUrl": url}).encode()
        yield _huawei(served, "PUT", "cover", "", body)


def show_details(served: Served) -> Iterator[bytes]:
    """GET asset/details of Huawei VOD: what the asset is called, and its pictures."""
    wanted = f"asset_id={served.medium_id}&categories=base_info&categories=thumbnail_info"
    while True:
        yield _huawei(served, "GET", "details", wanted, b"")


def of_one_cover(
    requests: Callable[[Served], Iterator[bytes]],
) -> Callable[[Served], Iterator[bytes]]:
    """The same call, always with the picture that the medium has from the first call on."""
    return lambda served: requests(served._replace(urls=served.urls[:1]))


class Call(NamedTuple):
    """Requests of one kind; without `asked` they are told for information."""

    requests: Callable[[Served], Iterator[bytes]]
    asked: float | None = MOST_TIMES_BARE


CALLS: Final[dict[str, Call]] = {
    "GetImageInfo": Call(get_image_info),
    "GET asset/details": Call(show_details),
    "UpdateMediaCover, the cover it has": Call(of_one_cover(update_media_cover)),
    "PUT asset/cover, the cover it has": Call(of_one_cover(put_cover)),
    "UpdateMediaCover, another cover each call": Call(update_media_cover, None),
    "PUT asset/cover, another cover each call": Call(put_cover, None),
}


def _served(base_url: str, settings: Settings, medium: Path) -> Served:
    account, secret = new_account("bench"), new_secret()
    with office_of(settings) as office:
        office.open(account, secret)
    with httpx2.Client(base_url=base_url, timeout=WAIT_S + 10, trust_env=False) as client:
        upload = client.post("/v1/uploads", content=medium.read_bytes()).raise_for_status().json()
        wanted = {"source": {"upload": upload["upload"]}, "sizes": SIZES}
        job = finished(client, "/v1/covers", wanted)
    if job["status"] != "succeeded":
        raise SystemExit(f"the covers were not made: {job['error']}")
    urls = [cover["url"] for cover in job["result"]["covers"]]
    images = wiring.state(settings, timeout_s=settings.redis.timeout_s).images
    image = images.of_key(DEFAULT_TENANT, job["result"]["covers"][0]["key"])[0]
    assert image.medium_id is not None
    return Served(
        host=urlsplit(base_url).netloc,
        key=AccessKey(account.access_key, secret),
        project_id=account.project_id,
        medium_id=image.medium_id,
        image_id=image.image_id,
        urls=urls,
    )


def _healthz_row(ours: Bare, bare: Bare, rounds: int, calls: int) -> Row:
    """What our call that does nothing costs beside that of the framework alone."""
    pairs = [(_nothing_ms(bare, calls), _nothing_ms(ours, calls)) for _ in range(1 + rounds)][1:]
    ratio = median(ours_ms / theirs_ms for theirs_ms, ours_ms in pairs)
    return Row("/healthz of this API / bare framework's, CPU", ratio)


def _against(
    name: str, call: Call, served: Served, ours: Bare, rounds: int, calls: int
) -> list[Row]:
    """What a call costs, and one that does nothing, asked in turn after one round to warm."""
    requests = call.requests(served)
    pairs = [
        (_nothing_ms(ours, calls), _cpu_ms(ours, list(islice(requests, calls))))
        for _ in range(1 + rounds)
    ][1:]
    ratio = median(call_ms / nothing_ms for nothing_ms, call_ms in pairs)
    return [
        Row(f"{name}: CPU ms", median(call_ms for _, call_ms in pairs)),
        Row(f"{name}: CPU / this API's /healthz", ratio, asked=call.asked),
    ]


def _nothing_ms(server: Bare, calls: int) -> float:
    return _cpu_ms(server, [_plain(urlsplit(server.url).netloc)] * calls)


def _cpu_ms(server: Bare, requests: Sequence[bytes]) -> float:
    before_s = cpu_s(server.pid)
    each_once(server.url, requests)
    return 1000 * (cpu_s(server.pid) - before_s) / len(requests)


def _acs3(served: Served, action: str, version: str, query: str) -> bytes:
    headers = (("host", served.host), ("x-acs-action", action), ("x-acs-version", version))
    unsigned = RawRequest("POST", "/", query, (*headers, ("accept", "application/json")))
    now, nonce = datetime.now(UTC), str(ULID())
    return _sent(acs3_hmac_sha256.sign(unsigned, served.key, at=now, nonce=nonce))


def _huawei(served: Served, method: str, call: str, query: str, body: bytes) -> bytes:
    path = f"/v1.0/{served.project_id}/asset/{call}"
    headers = (("Host", served.host), ("Content-Type", "application/json"))
    unsigned = RawRequest(method, path, query, headers, body)
    return _sent(sdk_hmac_sha256.sign(unsigned, served.key, at=datetime.now(UTC)))


def _plain(host: str) -> bytes:
    return _sent(RawRequest("GET", "/healthz", "", (("Host", host),)))


def _sent(request: RawRequest) -> bytes:
    """The request as it travels."""
    target = f"{request.target}?{request.query}" if request.query else request.target
    headers = (*request.headers, ("Content-Length", f"{len(request.body)}"))
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {told}" for name, told in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + request.body
