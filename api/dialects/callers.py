"""Whose call it is: from a request as it travels to an account, the same way for every dialect."""

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, Protocol

from fastapi import Request

from api.bodies import read_bytes
from worker.contracts.accounts import ACCESS_KEY_FORM, NAME_FORM, Account, Dialect
from worker.signing.wire import Claim, RawRequest, Reason, SignatureRefused
from worker.state.admissions import Found, Subject
from worker.state.callers import Callers, Known

# Far more than any call has, and less than the 12 MB of the vendors' gateways: a body is held in
# memory before it is known whose it is.
MAX_BODY_BYTES: Final = 1024 * 1024

CallReason = (
    Reason
    | Literal["unknown_key", "disabled", "locked", "replayed", "throttled", "temporary", "token"]
)

_ACCESS_KEY: Final = re.compile(ACCESS_KEY_FORM)
_NAME: Final = re.compile(NAME_FORM)
_NOBODYS_SECRET: Final = secrets.token_urlsafe(30)


class CallRefused(Exception):  # noqa: N818 - named by what happened, as all refusals here
    """A call that is not taken; `detail` may be shown to its sender.

    Besides the reasons of a signature: `unknown_key`, also where the account may not call this
    dialect; `disabled`; `locked` after too many failures; `replayed` nonce; `throttled`; a
    security token of `temporary` credentials, which no account has; a wrong `token`.
    """

    def __init__(self, reason: CallReason, detail: str, *, wait_s: float = 0) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: CallReason = reason
        self.detail = detail
        self.wait_s = wait_s


class Scheme(Protocol):
    """A way of signing: a module of `worker.signing`."""

    def read(self, request: RawRequest) -> Claim: ...

    def verify(
        self, request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
    ) -> None: ...


async def raw_request(
    request: Request, *, stall_timeout_s: float, max_bytes: int = MAX_BODY_BYTES
) -> RawRequest:
    """The request with its whole body, nothing of it decoded.

    Raises: RefusedError `request.too_large` over `max_bytes`, RequestError `request.timeout`,
    ClientDisconnect.
    """
    scope = request.scope
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    return RawRequest(
        method=scope["method"],
        target=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=await read_bytes(request, max_bytes, stall_timeout_s),
    )


class Gate(NamedTuple):
    """Lets calls of one dialect in. Where failures `may_lock`, too many in a row lock the key.

    Or the name, where that came with wrong secrets. Neither keeps out tokens and links.

    Its methods raise CallRefused, and RequestError `queue.unavailable` and `account.key`.
    """

    callers: Callers
    dialect: Dialect
    window_s: int
    may_lock: bool = False

    async def by_signature(self, request: RawRequest, scheme: Scheme) -> Account:
        """The account whose secret signed the request. A nonce counts once."""
        return (await self.reading(request, scheme, None))[0]

    async def reading(
        self, request: RawRequest, scheme: Scheme, subject: Subject | None
    ) -> tuple[Account, Found | None]:
        """As `by_signature`, with what there is of a subject: one round trip tells both."""
        try:
            claim = scheme.read(request)
        except SignatureRefused as refused:
            raise CallRefused(refused.reason, refused.detail) from refused
        if claim.security_token is not None:
            raise CallRefused("temporary", "there are no temporary credentials here")
        known = await self._known(claim.access_key_id)
        try:
            _verify(request, claim, scheme, known, self.window_s)
        except SignatureRefused as refused:
            raise await self._failure(known, refused) from refused
        if known is None:
            raise CallRefused("unknown_key", "there is no such access key")
        shown_by = known.account.access_key
        return await self._taken(known, claim.nonce, shown_by, subject)

    async def by_secret(self, name_or_key: str, secret: str) -> tuple[Account, int]:
        """The account of that name or access key, and the generation of its secret, which is it.

        Raises: CallRefused `mismatch` for an unknown account too.
        """
        known = await self._known(name_or_key)
        if known is None and _NAME.fullmatch(name_or_key):
            known = await self.callers.find_named(name_or_key)
        given = secret.encode("utf-8", "surrogatepass")
        counting = known.secrets if known else ((0, _NOBODYS_SECRET),)
        found = [number for number, each in counting if hmac.compare_digest(each.encode(), given)]
        if known is None or not found or self.dialect not in known.account.dialects:
            if known is not None and self.may_lock:
                await self.callers.note_failure(name_or_key)
            raise CallRefused("mismatch", "the name or the secret is wrong")
        return await self._admitted(known, shown_by=name_or_key), found[0]

    async def by_token(self, token: str) -> Account:
        """The account that a token was given to. Raises: CallRefused `token`."""
        known = await self.callers.holder(token)
        if known is None or self.dialect not in known.account.dialects:
            raise CallRefused("token", "the token is wrong or over")
        return await self._admitted(known)

    async def by_link(self, access_key: str, opens: Callable[[str], bool]) -> Account:
        """The account with one of whose secrets a link was signed.

        Raises: CallRefused `mismatch` for an unknown account too.
        """
        known = await self._known(access_key)
        counting = [secret for _, secret in known.secrets] if known else [_NOBODYS_SECRET]
        if known is None or not any(list(map(opens, counting))):
            raise CallRefused("mismatch", "the link is wrong or over")
        return await self._admitted(known)

    async def _known(self, access_key: str) -> Known | None:
        if not _ACCESS_KEY.fullmatch(access_key):
            return None
        known = await self.callers.find(access_key)
        return known if known and self.dialect in known.account.dialects else None

    async def _failure(self, known: Known | None, refused: SignatureRefused) -> CallRefused:
        if refused.reason == "mismatch":
            if known is None:
                return CallRefused("unknown_key", "there is no such access key")
            if self.may_lock:
                await self.callers.note_failure(known.account.access_key)
        return CallRefused(refused.reason, refused.detail)

    async def _admitted(self, known: Known, *, shown_by: str | None = None) -> Account:
        return (await self._taken(known, None, shown_by, None))[0]

    async def _taken(
        self, known: Known, nonce: str | None, shown_by: str | None, subject: Subject | None
    ) -> tuple[Account, Found | None]:
        account = known.account
        if account.disabled:
            raise CallRefused("disabled", "the account is disabled")
        admission = await self.callers.admit(
            account.access_key,
            nonce=nonce,
            shown_by=shown_by if self.may_lock else None,
            reads=(account.tenant, subject) if subject else None,
        )
        if admission.word == "admitted":
            return account, admission.found
        raise CallRefused(admission.word, _TOLD[admission.word], wait_s=admission.wait_s)


_TOLD: Final = {
    "locked": "too many wrong signatures or secrets in a row: locked for 5 minutes",
    "replayed": "the nonce was used before",
    "throttled": "the account makes too many calls a second",
}


def _verify(
    request: RawRequest, claim: Claim, scheme: Scheme, known: Known | None, window_s: int
) -> None:
    """As long for an unknown key as for a known one. Raises: SignatureRefused."""
    now = datetime.now(UTC)
    counting = [secret for _, secret in known.secrets] if known else [_NOBODYS_SECRET]
    for secret in counting[:-1]:
        try:
            scheme.verify(request, claim, secret, now=now, window_s=window_s)
        except SignatureRefused:
            continue
        return
    scheme.verify(request, claim, counting[-1], now=now, window_s=window_s)
