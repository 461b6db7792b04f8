"""Chores that compare the ledger with a vendor beside workers that record covers there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.control import Control
from tests.integration.calls_parts import CallsHouse, cover
from tests.integration.queue_parts import GatedSource
from worker.contracts.targets import AlibabaMpsTarget

OTHER = "http://elsewhere.example/set-by-hand.jpg"


@pytest.fixture
def house(
    one_redis_url: str, tmp_path: Path, alibaba: Control, webhook_receiver: Control
) -> Iterator[CallsHouse]:
    source = GatedSource(b"")
    made = CallsHouse(one_redis_url, tmp_path, source, alibaba, webhook_receiver)
    made.settings_text["records"] += "\nreconcile_every_s = 1\nmend = true"
    yield made
    made.close()
    source.close()


def test_what_somebody_sets_at_the_vendor_does_not_stand_for_long(
    house: CallsHouse, alibaba: Control
) -> None:
    house.open()
    house.start("chores")
    house.start_calls()
    targets = house.media(12)
    records = house.order(*targets)
    assert {each.state for each in house.settled(records)} == {"recorded"}
    media = [each.media_id for each in targets if isinstance(each, AlibabaMpsTarget)]

    for media_id in media[:4]:
        alibaba.do("set_cover", media_id=media_id, cover_url=f"{OTHER}?sign=secret-canary")
    house.wait_for(lambda: all(alibaba.do("cover", media_id=each) == cover().url for each in media))
    house.settled(records)
    mended_at = datetime.now(UTC)

    def found() -> dict[str, int]:
        last = house.state.reconciliations.last()
        return dict(last.counts) if last and last.began_at > mended_at else {}

    house.wait_for(lambda: found() == {"agrees": 12})
    # One mend each, though two processes looked again and again.
    assert [len(alibaba.changes(each, net=False)) for each in media] == [2] * 4 + [1] * 8
    assert [each.fence for each in house.settled(records)] == [each.fence for each in records]
    log = house.log()
    assert log.count("record.drifted") == 4
    assert "secret-canary" not in log
