"""Where providers record covers: each adapter at the fake of its vendor."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.fakes.control import JUNK, Control
from tests.fakes.running import ACCESS_KEY, PROJECT_ID, SECRET_KEY, WEBHOOK_SECRET
from tests.fakes.smh_vendor import SmhVendor
from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, key_of
from tests.worker.state.test_media import A_MEDIUM, AT, sighting
from worker.contracts.records import RecordedCover
from worker.contracts.targets import (
    AlibabaMpsTarget,
    AlibabaVodTarget,
    CoverTarget,
    DryRunTarget,
    FirstframeTarget,
    HuaweiVodTarget,
    SmhTarget,
    WebhookTarget,
)
from worker.ports.recording import CoverCopy
from worker.providers.alibaba import AlibabaProvider
from worker.providers.dry_run import DryRunProvider
from worker.providers.firstframe import FirstframeProvider
from worker.providers.huawei_vod import HuaweiVodProvider
from worker.providers.tencent_smh import TencentSmhProvider
from worker.providers.webhook import WebhookProvider
from worker.state.catalogue import TenantCovers
from worker.state.connection import connect
from worker.state.tokens import VendorTokens

ID: Final = "0123456789abcdef0123456789abcde0"
NOT_THERE: Final = "ffffffffffffffffffffffffffffffff"
RECORD: Final = "rec_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
KEYS: Final[dict[str, Any]] = {
    "access_key": ACCESS_KEY,
    "secret_key": SECRET_KEY,
    "timeout_s": 5,
    "allow_private_addresses": True,
}


@dataclass
class Place:
    """An adapter with a target at its vendor, and two covers that it takes.

    `write` is what the fake calls the request that takes effect, `read` the one that reads back;
    both are empty where there is none. `secrets` are in what is sent, so that a vendor could
    repeat them.
    """

    fake: Any
    provider: Any
    target: CoverTarget
    covers: tuple[CoverCopy, CoverCopy]
    write: str = ""
    read: str = ""
    missing: CoverTarget | None = None
    secrets: tuple[str, ...] = (SECRET_KEY,)
    references: dict[str, str | None] = field(default_factory=dict)

    def record(self, which: int) -> None:
        """Record a cover, and note what it is shown as where the vendor `remakes` covers."""
        cover = self.covers[which]
        if not self.provider.remakes:
            self.provider.record(self.target, cover)
            return
        before = self.provider.read(self.target)
        self.provider.record(self.target, cover)
        after = self.provider.read(self.target)
        if after.reference != before.reference:
            self.references[cover.cover.sha256] = after.reference

    def shows(self, which: int) -> bool:
        """Whether what is read is the cover."""
        cover, shown = self.covers[which], self.provider.read(self.target)
        reference = self.references.get(cover.cover.sha256)
        return bool(self.provider.shows(shown, cover, self.target, reference))


def copy_of(url: str, body: bytes = b"picture") -> CoverCopy:
    """A cover as it is handed to a provider."""
    cover = RecordedCover(
        key="covers/1.jpg",
        url=url,
        content_type="image/jpeg",
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        width=200,
        height=200,
    )
    return CoverCopy(cover=cover, read=lambda: body, record=RECORD)


URLS: Final = (
    copy_of("http://covers.example:9000//a%20b/%E5%B0%81(1)~*.jpg", b"first"),
    copy_of("http://covers.example:9000/covers/2.jpg", b"second"),
)


@contextmanager
def huawei(
    request: pytest.FixtureRequest, *, re_encodes: bool = False, **settings: Any
) -> Iterator[Place]:
    """An asset with two snapshots that may become its cover, or to which pictures are uploaded."""
    fake: Control = request.getfixturevalue("huawei_vod")
    fake.do("switch", re_encodes=re_encodes)
    snapshots = fake.do("add_asset", asset_id=ID, project_id=PROJECT_ID, snapshots=2)
    provider = HuaweiVodProvider(
        base_url=fake.url,
        project_id=PROJECT_ID,
        upload_hosts=[fake.host],
        iam_url=fake.url,
        **{**KEYS, **settings},
    )
    uploads = settings.get("mode") == "upload"
    yield Place(
        fake,
        provider,
        HuaweiVodTarget(provider="huawei_vod", asset_id=ID),
        (copy_of(snapshots[0], b"first"), copy_of(snapshots[1], b"second")),
        write="upload_cover" if uploads else "set_cover",
        read="asset_details",
        missing=HuaweiVodTarget(provider="huawei_vod", asset_id=NOT_THERE),
        # With a token, the key goes to IAM only.
        secrets=() if settings.get("auth") == "token" else (SECRET_KEY,),
    )
    provider.close()


@contextmanager
def alibaba_mps(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    fake: Control = request.getfixturevalue("alibaba")
    fake.do("add_medium", media_id=ID)
    provider = AlibabaProvider(base_url=fake.url, **{**KEYS, **settings})
    yield Place(
        fake,
        provider,
        AlibabaMpsTarget(provider="alibaba_mps", media_id=ID),
        URLS,
        write="UpdateMediaCover",
        read="QueryMediaList",
        missing=AlibabaMpsTarget(provider="alibaba_mps", media_id=NOT_THERE),
    )
    provider.close()


@contextmanager
def alibaba_vod(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    fake: Control = request.getfixturevalue("alibaba")
    fake.do("add_video", video_id=ID)
    provider = AlibabaProvider(base_url=fake.url, **{**KEYS, **settings})
    yield Place(
        fake,
        provider,
        AlibabaVodTarget(provider="alibaba_vod", video_id=ID),
        URLS,
        write="UpdateVideoInfo",
        read="GetVideoInfo",
        missing=AlibabaVodTarget(provider="alibaba_vod", video_id=NOT_THERE),
    )
    provider.close()


@contextmanager
def webhook(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    """An endpoint, which takes anything that it answers with a 2xx, and tells nothing."""
    fake: Control = request.getfixturevalue("webhook_receiver")
    provider = WebhookProvider(
        url=f"{fake.url}/covers?key=query-canary",
        secrets=[WEBHOOK_SECRET],
        timeout_s=settings.get("timeout_s", 5),
        allow_http=True,
        allow_private_addresses=True,
    )
    yield Place(
        fake,
        provider,
        WebhookTarget(provider="webhook", id="film 7"),
        (URLS[0], URLS[1]._replace(record=f"{RECORD[:-1]}X")),
        write="deliver",
        secrets=(WEBHOOK_SECRET, "query-canary"),
    )


@contextmanager
def dry_run(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    """Before Alibaba MPS, of which nothing may be called."""
    with alibaba_mps(request, **settings) as place:
        place.provider = DryRunProvider(real=place.provider)
        place.target = DryRunTarget.model_validate({"provider": "dry_run", "of": place.target})
        place.missing, place.write, place.read = None, "", ""
        yield place


@contextmanager
def tencent_smh(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    """A file of a library, beside which or in whose labels the cover is left."""
    vendor: SmhVendor = request.getfixturevalue("smh_vendor")
    vendor.put("trip/a b.mp4", b"film", type="video", fields={"labels": ["theirs"]})
    with ExitStack() as opened:
        url = request.getfixturevalue("one_redis_url")
        redis = opened.enter_context(connect(url, timeout_s=5, connect_timeout_s=5))
        given: dict[str, Any] = {"timeout_s": 5, **settings}
        provider = TencentSmhProvider(
            base_url=vendor.api_url,
            library_id=vendor.library_id,
            library_secret=vendor.secret,
            link_hosts=[vendor.storage_host],
            token_period_s=3600,
            tokens=VendorTokens(redis, vendor.secret),
            allow_private_addresses=True,
            **given,
        )
        opened.enter_context(closing(provider))
        yield Place(
            SimpleNamespace(journal=vendor.journal.told, changes=vendor.journal.changes),
            provider,
            SmhTarget(provider="tencent_smh", library_id=vendor.library_id, path="trip/a b.mp4"),
            URLS,
            secrets=(vendor.secret,),
        )


@contextmanager
def firstframe(request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    """A medium of our own catalogue, with two pictures of jobs that are done."""
    parts = Parts(request.getfixturevalue("one_redis_url"))
    with closing(parts.redis):
        parts.slots(10)
        gallery = Gallery(parts, request.getfixturevalue("tmp_path"))
        gallery.media.see("ann", sighting(), AT)
        first, second = (_made(gallery, number) for number in (1, 2))
        yield Place(
            SimpleNamespace(journal=list),
            FirstframeProvider(media=TenantCovers(gallery.catalogue, "ann")),
            FirstframeTarget(provider="firstframe", medium_id=A_MEDIUM),
            (first, second),
            missing=FirstframeTarget(provider="firstframe", medium_id=NOT_THERE),
            secrets=(),
        )


def _made(gallery: Gallery, number: int) -> CoverCopy:
    key = key_of(number)
    job, image_id = gallery.made(key)
    copy = copy_of(f"http://host/objects/{key}", bytes([number]))
    cover = copy.cover.model_copy(update={"key": key, "image_id": image_id})
    return copy._replace(cover=cover, job=job.id, fence=number)


def _is_success(name: str, kind: str) -> bool:
    """Storage takes an upload with any 2xx, asset/cover is well with 204 only."""
    if name.startswith("huawei_vod-upload"):
        return "status" in JUNK[kind] and JUNK[kind]["status"] < 300
    return name.startswith("huawei_vod") and kind == "no_content"


Make = Callable[..., Any]
PLACES: Final[dict[str, tuple[Make, dict[str, Any]]]] = {
    "huawei_vod": (huawei, {}),
    "huawei_vod-token": (huawei, {"auth": "token"}),
    "huawei_vod-upload": (huawei, {"mode": "upload"}),
    "huawei_vod-upload-re_encoded": (huawei, {"mode": "upload", "re_encodes": True}),
    "alibaba_mps": (alibaba_mps, {}),
    "alibaba_mps-rpc_v1": (alibaba_mps, {"signature": "rpc_v1"}),
    "alibaba_vod": (alibaba_vod, {}),
    "alibaba_vod-rpc_v1": (alibaba_vod, {"signature": "rpc_v1"}),
    "tencent_smh-beside": (tencent_smh, {"mode": "beside"}),
    "tencent_smh-label": (tencent_smh, {"mode": "label"}),
    "firstframe": (firstframe, {}),
    "webhook": (webhook, {}),
    "dry_run": (dry_run, {}),
}
"""Adapters and their settings; a line here and the whole suite runs over it."""
READING: Final = [name for name in PLACES if name not in {"dry_run", "webhook"}]
"""Those that tell what is shown."""
FAULTY: Final = [name for name in READING if name.startswith(("huawei", "alibaba"))]
"""Those whose fake does wrong as it is told to."""
WRITING: Final = [*FAULTY, "webhook"]
"""Those of them that send, read back or not."""
CLOCKED: Final = [name for name in FAULTY if name != "huawei_vod-token" and "-upload" not in name]
"""Those whose write is signed with a time."""
JUNK_OF: Final = [(name, kind) for name in FAULTY for kind in JUNK if not _is_success(name, kind)]
"""Answers that are no success of the write."""


@contextmanager
def place_of(name: str, request: pytest.FixtureRequest, **settings: Any) -> Iterator[Place]:
    make, own = PLACES[name]
    with make(request, **{**own, **settings}) as place:
        yield place
