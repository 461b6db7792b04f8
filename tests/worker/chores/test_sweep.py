"""Old things go, needed ones stay."""

import os
import time
from pathlib import Path

from tests.worker.state.orders import order
from tests.worker.state.parts import DONE, Parts, request
from tests.worker.state.shelves import upload
from worker.chores.sweep import sweep_jobs, sweep_records, sweep_uploads
from worker.contracts.libraries import Part
from worker.rules.keys import upload_key
from worker.state.transfers import TransferRecords
from worker.stores.local import LocalStore

OLD = "upl_01H00000000000000000000000"
NEEDED = "upl_01H00000000000000000000001"
PIECE = "upl_01H00000000000000000000003"
RECENT = "upl_01H00000000000000000000002"


def test_all_jobs_that_finished_long_ago_go_however_many(redis_url: str) -> None:
    parts = Parts(redis_url)
    with parts.redis.pipeline() as pipe:
        for number in range(1100):
            pipe.zadd("ff:finished", {f"ann:job_{number}": 1})
            pipe.hset(f"ff:job:ann:job_{number}", "status", "failed")
        pipe.execute()
    kept, lease = parts.claimed()
    lease.finish(DONE)

    assert sweep_jobs(parts.retention, keep_s=3600) == 1100

    assert parts.redis.keys("ff:job:*") == [f"ff:job:ann:{kept.id}"]
    parts.redis.close()


def test_all_records_that_ended_long_ago_go_however_many(redis_url: str) -> None:
    parts = Parts(redis_url)
    with parts.redis.pipeline() as pipe:
        for number in range(1100):
            pipe.zadd("ff:finished_records", {f"ann:rec_{number}": 1})
            pipe.hset(f"ff:job:ann:rec_{number}", "status", "failed")
            pipe.zadd("ff:targets", {str(number): 1})
        pipe.execute()
    (kept,) = parts.records.create("ann", [order()])

    assert sweep_records(parts.retention, keep_s=3600) == 1100

    assert parts.redis.keys("ff:job:*") == [f"ff:job:ann:{kept.id}"]
    assert parts.redis.keys("ff:targets") == []
    parts.redis.close()


def test_old_uploads_go_unless_a_job_or_a_transfer_needs_them(
    redis_url: str, tmp_path: Path
) -> None:
    parts = Parts(redis_url)
    store = LocalStore(folder=tmp_path, public_base_url="http://host/objects", link_secret="x" * 32)
    for each in (OLD, NEEDED, PIECE, RECENT):
        store.put(upload_key("ann", each), b"bytes", content_type="application/octet-stream")
    long_ago_s = time.time() - 7200
    for old in (OLD, NEEDED, PIECE):
        os.utime(tmp_path / upload_key("ann", old), (long_ago_s, long_ago_s))
    parts.jobs.create("ann", request(upload=NEEDED))
    transfers = TransferRecords(parts.redis)
    transfers.create(upload(1, "a.jpg"))
    transfers.add_part("trn_1", 1, Part(upload=PIECE, size_bytes=5, etag='"e"'), max_bytes=5)

    assert sweep_uploads(parts.retention, store.list, store.delete, keep_s=3600) == 1

    left = sorted(stored.key for stored in store.list("uploads/"))
    assert left == [upload_key("ann", each) for each in (NEEDED, RECENT, PIECE)]
    parts.redis.close()
