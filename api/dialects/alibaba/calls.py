"""A call: whose it is, which action it names, and its parameters."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

from starlette.requests import Request

from api.access import NOTED
from api.dialects.alibaba.errors import RefusalError
from api.dialects.alibaba.parameters import MPS, VOD, Parameters, pairs_of
from api.dialects.alibaba.telling import FORMATS, is_xml
from api.dialects.alibaba.wire import is_by_headers, tell, telling_of
from api.dialects.callers import raw_request
from api.dialects.parts import Parts, parts_of
from api.setting import Setting
from worker.contracts.accounts import Account
from worker.contracts.targets import VendorApi
from worker.errors import RequestError
from worker.signing import acs3_hmac_sha256, canonical, rpc_hmac_sha1
from worker.signing.wire import RawRequest
from worker.state.admissions import Found, Subject

HEX_ID: Final = re.compile(r"[0-9a-f]{32}")
# What calls read that read one thing first, and the parameter that names it.
_READ_FIRST: Final[dict[tuple[str, str], tuple[Literal["image", "medium"], str]]] = {
    (VOD, "GetImageInfo"): ("image", "ImageId"),
    (MPS, "UpdateMediaCover"): ("medium", "MediaId"),
}
_APIS: Final[dict[str, VendorApi]] = {MPS: "alibaba_mps", VOD: "alibaba_vod"}


class Call(NamedTuple):
    """A call that is its account's."""

    parts: Parts
    account: Account
    version: str
    action: str
    given: Parameters
    found: Found | None = None
    """What was read when the call was let in."""

    @property
    def setting(self) -> Setting:
        """What the account reaches and sets; media and videos are media, under the same id."""
        return self.parts.setting(self.account, _APIS[self.version])


async def call_of(request: Request) -> Call:
    """The call, verified before it is looked at what it asks for.

    Raises: RefusalError, CallRefused, CoverError, ClientDisconnect.
    """
    if request.scope["path"] not in {"", "/"}:
        raise RefusalError("InvalidApi.NotFound")
    if request.method not in {"GET", "POST"}:
        raise RefusalError("UnsupportedHTTPMethod")
    parts = parts_of(request, "alibaba")
    raw = await raw_request(
        request,
        stall_timeout_s=parts.settings.api.stall_timeout_s,
        max_bytes=canonical.LONGEST_PARAMETERS,
    )
    pairs = pairs_of(raw)
    told = dict(pairs)
    by_headers = is_by_headers(request.headers, told)
    format_ = told.get("Format", "").upper()
    wants_xml = is_xml(format_, by_headers=by_headers)
    tell(request.scope, telling_of(request.scope)._replace(is_xml=wants_xml))
    version, action = _named(raw, told, by_headers=by_headers)
    given = Parameters(pairs, version)
    scheme = acs3_hmac_sha256 if by_headers else rpc_hmac_sha1
    account, found = await parts.gate.reading(raw, scheme, _subject(version, action, told))
    request.scope[NOTED]["user"] = account.name
    if format_ not in {"", *FORMATS}:
        raise RefusalError("InvalidParameter.Format", "Format: expected JSON or XML.")
    return Call(parts, account, version, action, given, found)


def _subject(version: str, action: str, told: Mapping[str, str]) -> Subject | None:
    """What the call reads first, if it is named as such things are."""
    kind, name = _READ_FIRST.get((version, action), (None, ""))
    id_ = told.get(name, "")
    return Subject(kind, id_) if kind and HEX_ID.fullmatch(id_) else None


def _named(raw: RawRequest, told: dict[str, str], *, by_headers: bool) -> tuple[str, str]:
    """Version and action: of the headers where those are signed, else of the parameters."""
    if not by_headers:
        return told.get("Version", ""), told.get("Action", "")
    headers = canonical.headers_of(raw.headers)
    named = (headers.get(name, [""])[0] for name in ("x-acs-version", "x-acs-action"))
    version, action = (value.strip(" \t") for value in named)
    return version, action


@contextmanager
def missing_as(code: str) -> Iterator[None]:
    """What is not there is refused with `code`, the product's for it. Raises: RefusalError."""
    try:
        yield
    except RequestError as error:
        if error.code != "request.not_found":
            raise
        raise RefusalError(code) from error
