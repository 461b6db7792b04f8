"""A house whose covers are recorded at Alibaba MPS, as workers of calls do it."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY
from tests.integration.calls_parts import cover
from worker import wiring
from worker.commands.calls import Calls
from worker.contracts.jobs import Item
from worker.contracts.records import Record, RecordOrder
from worker.contracts.targets import AlibabaMpsTarget, Target
from worker.errors import CoverError
from worker.settings import Settings
from worker.state.leases import new_token
from worker.wiring.recording import Recorders

TENANT = "default"
OTHER = "http://elsewhere.example/set-by-hand.jpg"


class Recorded:
    """Settings with one profile at the fake, the state, and what workers do."""

    def __init__(
        self, redis_url: str, folder: Path, alibaba: Control, **more: dict[str, Any]
    ) -> None:
        profile = {
            "base_url": alibaba.url,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "allow_private_addresses": True,
            "timeout_s": 1,
            **more.get("profile", {}),
        }
        told: dict[str, dict[str, Any]] = {
            "redis": {"url": redis_url},
            "store": {"folder": str(folder)},
            "providers": {"alibaba_mps": {"main": profile}},
            "records": {"settle_s": 2, **more.get("records", {})},
        }
        self.environment = {
            f"FIRSTFRAME_{section.upper()}__{name.upper()}": json.dumps(value)
            if isinstance(value, dict)
            else str(value)
            for section, values in told.items()
            for name, value in values.items()
        }
        self.settings = Settings.model_validate(told)
        self.state = wiring.state(self.settings, timeout_s=5)
        self.recorders = Recorders(self.settings, self.state)
        self._alibaba = alibaba

    def close(self) -> None:
        self.recorders.close()

    def medium(self, number: int) -> AlibabaMpsTarget:
        """A medium at the vendor."""
        media_id = f"{number:032x}"
        self._alibaba.do("add_medium", media_id=media_id)
        return AlibabaMpsTarget(provider="alibaba_mps", media_id=media_id)

    def record(self, target: Target, name: str = "one") -> Record:
        """A cover recorded at a target."""
        (made,) = self.state.records.create(TENANT, [RecordOrder(target=target, cover=cover(name))])
        self.work(made)
        return self.now(made)

    def work(self, record: Record) -> None:
        """One attempt at a record that waits."""
        self.state.lanes.release(record.lane)
        client = wiring.redis_client(self.settings, timeout_s=5)
        client.hset("ff:out", f"record:{record.id}", TENANT)
        lease = self.state.leases.claim(Item("record", record.id), new_token("w1"))
        assert lease is not None
        with closing(Calls(self.settings, self.state)) as calls:
            try:
                lease.finish(calls.run(lease.job, lease))
            except CoverError as error:
                lease.fail(error)

    def now(self, record: Record) -> Record:
        """The record as it is."""
        read = self.state.records.read(TENANT, record.id)
        assert read is not None
        return read

    def shows(self, target: AlibabaMpsTarget) -> str | None:
        """What the vendor shows."""
        url: str | None = self._alibaba.do("cover", media_id=target.media_id)
        return url

    def set_by_hand(self, target: AlibabaMpsTarget, url: str | None = OTHER) -> None:
        """Somebody at the vendor's console sets a cover."""
        self._alibaba.do("set_cover", media_id=target.media_id, cover_url=url)

    def remove(self, target: AlibabaMpsTarget) -> None:
        """Somebody deletes the medium there."""
        self._alibaba.do("remove", media_id=target.media_id)
