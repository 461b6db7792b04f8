"""A cover of the demo at a vendor: what is told of it in lines, and what of it is not right."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from worker.commands.demo_receiver import Message
from worker.commands.demo_vendors import Look, Vendor


class Recorded(NamedTuple):
    """A cover at a vendor, as the API tells it: its row of the ledger, its picture, its medium.

    `would_send` is what a dry run of the same cover said, `looks` are what the vendor told,
    `told` the messages of the job that made the cover and of the dry run, and `picture` is what is
    at the URL that the vendor told.
    """

    vendor: Vendor
    record: dict[str, Any]
    image: dict[str, Any]
    medium: dict[str, Any]
    would_send: dict[str, Any]
    looks: tuple[Look, ...]
    told: tuple[Message | None, Message | None]
    picture: Path

    @property
    def url(self) -> str:
        """Where the cover is."""
        return str(self.record["cover"]["url"])


def lines_of(cover: Recorded) -> list[tuple[str, str]]:
    """What happened, a word and a line each; after the first the URL stands in them as `COVER`.

    The call that wrote is the one that the dry run told.
    """
    of_job, of_trial = (each.id if each else "none" for each in cover.told)
    lines = [
        ("written", _call_of(cover.would_send)),
        *(("read back", f"{look.call} -> {look.url}") for look in cover.looks),
        ("ledger", ledger_line(cover)),
        ("callbacks", f"of the job {of_job}, of a dry run that sent nothing {of_trial}"),
    ]
    return [
        ("COVER", cover.url),
        *((word, line.replace(cover.url, "COVER")) for word, line in lines),
    ]


def ledger_line(cover: Recorded) -> str:
    """The row of the ledger."""
    record, result = cover.record, cover.record["result"]
    return (
        f"{record['state']}{', verified' if result['verified'] else ''},"
        f" attempts {record['attempts']}, fence {record['fence']},"
        f" request id {result['request_id']}, {record['id']}"
    )


def _call_of(would_send: dict[str, Any]) -> str:
    """A call that writes: its method, path and name, and what it sends."""
    path = urlsplit(would_send["url"]).path
    if "action" not in would_send:
        return f"{would_send['method']} {path} {json.dumps(would_send['body'])}"
    sent = " ".join(f"{name}={value}" for name, value in would_send["parameters"].items())
    return f"{would_send['method']} {path} {would_send['action']} {sent}"


def check_recorded(cover: Recorded) -> list[str]:
    """What is not right: in the ledger, at the vendor, in our catalogue, of what was told."""
    return [*_wrong_in_ledger(cover), *_wrong_at_vendor(cover), *_wrong_here(cover)]


def _wrong_in_ledger(cover: Recorded) -> list[str]:
    record, result = cover.record, cover.record["result"]
    wrong = [] if record["state"] == "recorded" else [f"the record is {record['state']}"]
    if not result["verified"]:
        wrong.append("nobody saw the vendor show it")
    if not result["request_id"]:
        wrong.append("the ledger has no request id")
    return wrong


def _wrong_at_vendor(cover: Recorded) -> list[str]:
    wrong = [
        f"{look.call} tells {look.url}, not {cover.url}"
        for look in cover.looks
        if look.url != cover.url
    ]
    if hashlib.sha256(cover.picture.read_bytes()).hexdigest() != cover.record["cover"]["sha256"]:
        wrong.append("other bytes are at the URL that the vendor tells")
    sent = cover.would_send.get("body") or cover.would_send.get("parameters") or {}
    if cover.url not in sent.values():
        wrong.append(f"a dry run would send {sent}")
    return wrong


def _wrong_here(cover: Recorded) -> list[str]:
    shown = cover.medium["cover"] or {}
    wrong = []
    if (shown.get("set_by"), shown.get("url")) != (cover.vendor.name, cover.url):
        wrong.append(f"our medium shows {shown.get('url')}, set by {shown.get('set_by')}")
    elif shown["fence"] <= cover.record["fence"]:
        wrong.append("our medium shows what was set before the record was asked for")
    if not cover.image["is_cover"]:
        wrong.append("our picture is no cover of a medium")
    if None in cover.told:
        wrong.append("the callback URL was not told of each end")
    return wrong
