"""The demo's covers at vendors: recorded by jobs, then read back by the vendors' own calls."""

import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2

from worker.commands.demo_account import PROFILE
from worker.commands.demo_fetch import WAIT_S, finished
from worker.commands.demo_receiver import Receiver
from worker.commands.demo_recorded import Recorded, check_recorded
from worker.commands.demo_vendors import Clients, Look, Vendor
from worker.errors import ProviderError

SIZE_PX: Final = 512
TOLD_WITHIN_S: Final = 15
_POLL_S: Final = 0.03


class Courier(NamedTuple):
    """Who has covers recorded: a client of our API, clients of the vendors', and who is told."""

    client: httpx2.Client
    vendors: Clients
    receiver: Receiver


def record_at(
    courier: Courier, vendor: Vendor, seen: str, folder: Path
) -> tuple[Recorded | None, list[str]]:
    """Have a cover recorded at a vendor and look at it there; gives what is wrong, too.

    `seen` is a job that covered the vendor's sample before: it tells which medium that is.
    """
    try:
        cover = record_cover(courier, vendor, seen, folder)
    except (httpx2.HTTPError, ProviderError, NotRecordedError) as error:
        return None, [f"{vendor.name}: {error}"]
    return cover, [f"{vendor.name}: {text}" for text in check_recorded(cover)]


class NotRecordedError(Exception):
    """A job or record that did not end well; the text says how it ended."""


def record_cover(courier: Courier, vendor: Vendor, seen: str, folder: Path) -> Recorded:
    """Make a cover of the medium of the job `seen`, recorded at the vendor, and look at it there.

    Raises: httpx2.HTTPError, ProviderError, NotRecordedError.
    """
    client, callback_url = courier.client, courier.receiver.url
    before = _read(client, f"/v1/jobs/{seen}")
    medium = _read(client, f"/v1/images?job={seen}")["images"][0]["medium"]
    target = {"provider": vendor.name, "profile": PROFILE, vendor.names_it: medium}
    asked = {"source": before["request"]["source"], "sizes": [SIZE_PX]}
    job = finished(client, "/v1/covers", {**asked, "target": target, "callback_url": callback_url})
    if job["status"] != "succeeded":
        raise NotRecordedError(f"the job is {job['status']}: {job['error']}")
    record = _ended(client, job["record"]["id"])
    trial = {"provider": "dry_run", "of": target}
    asked = {"job": job["id"], "target": trial, "callback_url": callback_url}
    tried = _ended(client, finished(client, "/v1/records", asked)["id"])
    looks = vendor.looks(courier.vendors, medium, record["cover"]["image_id"])
    picture = folder / "recorded" / f"{vendor.name}.jpg"
    _fetch(client, looks[-1], picture)
    return Recorded(
        vendor,
        record,
        image=_read(client, record["links"]["image"]),
        medium=_read(client, f"/v1/media/{medium}"),
        would_send=tried["result"]["would_send"],
        looks=looks,
        told=(
            courier.receiver.message("job.succeeded", job["id"], within_s=TOLD_WITHIN_S),
            courier.receiver.message("record.recorded", tried["id"], within_s=TOLD_WITHIN_S),
        ),
        picture=picture,
    )


def _read(client: httpx2.Client, path: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(path).raise_for_status().json()
    return told


def _ended(client: httpx2.Client, record_id: str) -> dict[str, Any]:
    """The record once it is recorded. Raises: NotRecordedError for any other end, or none."""
    deadline = time.monotonic() + WAIT_S
    while True:
        record = _read(client, f"/v1/records/{record_id}")
        if record["state"] == "recorded":
            return record
        if record["state"] != "pending" or time.monotonic() > deadline:
            raise NotRecordedError(f"{record_id} is {record['state']}: {record['error']}")
        time.sleep(_POLL_S)


def _fetch(client: httpx2.Client, look: Look, path: Path) -> None:
    """Save what is at the URL that the vendor told."""
    if look.url is None:
        raise NotRecordedError(f"{look.call} tells no cover")
    answer = client.get(look.url).raise_for_status()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(answer.content)
