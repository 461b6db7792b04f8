"""What answers of Huawei VOD mean: errors, an asset's cover, where to upload a cover to.

Sources: Huawei VOD, "Setting a Thumbnail", "Error Codes", "Querying Details About a Media Asset",
"Updating a Media Asset"; Huawei API Gateway, "Error Codes".
"""

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from worker.errors import ProviderError
from worker.rules.responses import delay_of
from worker.rules.vendor_answers import (
    Reply,
    Told,
    code_of_status,
    failure,
    object_of,
    request_id_of,
    told_of,
)

VENDOR: Final = "Huawei VOD"
# The same code comes with different statuses in the vendor's own samples: codes go first.
_CODES: Final = {
    "VOD.10051": "provider.unavailable",
    "VOD.10052": "provider.unavailable",
    "VOD.10053": "provider.rejected",
    "VOD.10054": "provider.auth",
    "VOD.10055": "provider.auth",
    "VOD.10056": "provider.auth",
    "VOD.10057": "provider.auth",
    "VOD.10058": "provider.rejected",
    "VOD.10059": "provider.rejected",
    "VOD.10060": "provider.rejected",
    "VOD.10061": "provider.rejected",
    "VOD.10062": "provider.not_found",
    "VOD.10063": "provider.rejected",
    "VOD.10074": "provider.auth",
    "VOD.10081": "provider.rejected",
    "VOD.10083": "provider.rejected",
    "VOD.10111": "provider.auth",
    "VST.10001": "provider.rejected",
    "VST.10002": "provider.unavailable",
    "VST.10004": "provider.auth",
}
# Newer gateways say APIG, with the same numbers.
_GATEWAY: Final = re.compile(r"APIG(?:W)?\.([0-9]{4})")


class Covered(NamedTuple):
    """What an asset's details tell of its cover; no `url` where it has none."""

    url: str | None
    request_id: str | None


class UploadPlace(NamedTuple):
    """Where a cover's bytes go."""

    url: str
    request_id: str | None

    def __repr__(self) -> str:
        return f"UploadPlace(request_id={self.request_id!r})"  # the URL is signed


def error_of(reply: Reply, now: datetime, *, writes: bool) -> ProviderError:
    """The error of any answer that is not the call's documented success."""
    told = _told(reply)
    code = _code(reply.status, told.code)
    waits = code in {"provider.throttled", "provider.unavailable"}
    delay_s = delay_of(reply.headers.get("retry-after"), now) if waits else None
    return failure(VENDOR, code, reply, told, writes=writes, delay_s=delay_s)


def _code(status: int, told: str) -> str:
    if status < 400:
        return "provider.unavailable"
    gateway = _GATEWAY.fullmatch(told)
    if gateway is None:
        return _CODES.get(told) or code_of_status(status)
    if gateway[1] == "0308":
        return "provider.throttled"
    if gateway[1].startswith("03"):
        return "provider.auth"
    # 404 with 0101: there is no such call here, which says nothing of the asset.
    return "provider.rejected" if status == 404 else code_of_status(status)


def _told(reply: Reply) -> Told:
    body = object_of(reply) or {}
    by_header = request_id_of(reply.headers.get("x-request-id"))
    return told_of(
        body.get("error_code"),
        body.get("error_msg"),
        by_header or body.get("request_id"),
        reply,
    )


def request_id(reply: Reply) -> str | None:
    """The request id of a success."""
    return request_id_of(reply.headers.get("x-request-id"))


def covered_of(reply: Reply, now: datetime) -> Covered:
    """The cover that asset details with `base_info` tell. Raises: ProviderError for junk."""
    told = object_of(reply)
    base = told.get("base_info") if told is not None else None
    if reply.status != 200 or not isinstance(base, dict):
        raise error_of(reply, now, writes=False)
    covers: Any = base.get("cover_info_array") or []
    first = covers[0] if isinstance(covers, list) and covers else {}
    url = first.get("cover_url") if isinstance(first, dict) else None
    return Covered(url if isinstance(url, str) and url else None, request_id(reply))


def upload_place_of(reply: Reply, now: datetime) -> UploadPlace:
    """Where UpdateAsset says that the cover's bytes go. Raises: ProviderError for junk."""
    told = object_of(reply) or {}
    url = told.get("cover_upload_url")
    if reply.status != 200 or not isinstance(url, str) or not url:
        raise error_of(reply, now, writes=False)
    return UploadPlace(url, request_id(reply))


def token_of(reply: Reply, now: datetime) -> tuple[str, str | None]:
    """A token and the text of its end, as IAM gives them. Raises: ProviderError."""
    token = reply.headers.get("x-subject-token")
    if reply.status == 201 and token:
        inner = (object_of(reply) or {}).get("token")
        end = inner.get("expires_at") if isinstance(inner, dict) else None
        return token, end if isinstance(end, str) else None
    code = code_of_status(reply.status)
    # Whatever IAM does not like about a request for a token, it is our credentials.
    code = "provider.auth" if code in {"provider.rejected", "provider.not_found"} else code
    told = told_of(None, "", reply.headers.get("x-request-id"), reply)
    delay_s = delay_of(reply.headers.get("retry-after"), now)
    raise failure("Huawei IAM", code, reply, told, writes=False, delay_s=delay_s)


def storage_error_of(reply: Reply, now: datetime) -> ProviderError:
    """The error of an upload that storage did not take.

    It refuses the signed URL, not our credentials: another URL may do better, another key not.
    """
    told = told_of(None, "", reply.headers.get("x-obs-request-id"), reply)
    code = code_of_status(reply.status)
    code = "provider.rejected" if code in {"provider.auth", "provider.not_found"} else code
    delay_s = delay_of(reply.headers.get("retry-after"), now)
    return failure(f"{VENDOR}'s storage", code, reply, told, writes=True, delay_s=delay_s)
