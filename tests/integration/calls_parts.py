"""A house whose workers call the vendors' fakes, and orders for them."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY, WEBHOOK_SECRET
from tests.integration.queue_parts import TENANT, GatedSource, House
from worker.contracts.names import CALL_LANES
from worker.contracts.records import Record, RecordedCover, RecordOrder
from worker.contracts.targets import AlibabaMpsTarget, Target, WebhookTarget


def cover(name: str = "one") -> RecordedCover:
    """A stored cover whose URL every provider takes."""
    return RecordedCover(
        key=f"covers/{name}.jpg",
        url=f"http://covers.example:9000/covers/{name}.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256="0" * 64,
        width=640,
        height=640,
    )


class CallsHouse(House):
    """Calls Alibaba MPS and a receiver of webhooks, each with a profile `main`."""

    def __init__(
        self,
        redis_url: str,
        folder: Path,
        source: GatedSource,
        alibaba: Control,
        receiver: Control,
    ) -> None:
        super().__init__(redis_url, folder, source)
        self._alibaba = alibaba
        port = receiver.host.rpartition(":")[2]
        self.settings_text |= {
            "providers.alibaba_mps.main": f'base_url = "{alibaba.url}"\n'
            f'access_key = "{ACCESS_KEY}"\nsecret_key = "{SECRET_KEY}"\n'
            "allow_private_addresses = true\ntimeout_s = 9",
            "providers.webhook.main": f'url = "{receiver.url}/told"\n'
            f'secrets = ["{WEBHOOK_SECRET}"]\nallow_private_addresses = true',
            "webhooks": f"allow_http = true\nallowed_ports = [{port}]",
            "records": "settle_s = 10",
        }

    def start_calls(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker of calls and wait until it takes some."""
        queues = [word for lane in CALL_LANES for word in ("--queue", lane)]
        process = self.start("worker", *(options or queues))
        self.wait_for(lambda: process.pid in {w.pid for w in self.state.workers.live()})
        return process

    def media(self, count: int) -> list[Target]:
        """So many media at Alibaba that may get a cover."""
        ids = [f"{number:032x}" for number in range(count)]
        for media_id in ids:
            self._alibaba.do("add_medium", media_id=media_id)
        return [AlibabaMpsTarget(provider="alibaba_mps", media_id=each) for each in ids]

    def order(self, *targets: Target) -> list[Record]:
        """Records of a cover at each target, given to Celery as the API does."""
        orders = [RecordOrder(target=each, cover=cover()) for each in targets]
        made = self.state.records.create(TENANT, orders)
        for lane in CALL_LANES:
            self.state.lanes.release(lane)
        return made

    def record(self, record_id: str) -> Record:
        read = self.state.records.read(TENANT, record_id)
        assert read is not None
        return read

    def settled(self, records: Sequence[Record], *, within_s: float = 60) -> list[Record]:
        """The records once none is pending."""
        ids = [each.id for each in records]

        def all_settled() -> bool:
            return all(self.record(each).state != "pending" for each in ids)

        self.wait_for(all_settled, within_s=within_s)
        return [self.record(each) for each in ids]


def told(number: int) -> WebhookTarget:
    """A target at the receiver of webhooks."""
    return WebhookTarget(provider="webhook", id=f"clip {number}")


def libraries_of(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The files that a process has mapped."""
    return (each.path for each in psutil.Process(process.pid).memory_maps(grouped=True))
