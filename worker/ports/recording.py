"""Recording a cover at a provider, and what the story of a record needs beside."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

from worker.contracts.catalogue import MediumCover
from worker.contracts.records import RecordedCover, Turn
from worker.contracts.targets import CoverTarget

Target_contra = TypeVar("Target_contra", bound=CoverTarget, contravariant=True)


class CoverCopy(NamedTuple):
    """The cover to record, its bytes where a provider wants them uploaded.

    `record` is the order's id, the same for all its attempts: receivers know repeats by it. The
    order's `fence` and `job` are for a catalogue of our own, which fences by itself. From `until_s`
    of the monotonic clock on nothing is sent any more for this write.
    """

    cover: RecordedCover
    read: Callable[[], bytes]
    record: str
    fence: int = 0
    job: str | None = None
    until_s: float = math.inf


class Receipt(NamedTuple):
    """The provider's answer to a write: its request id, and what it will show where it says so."""

    request_id: str | None = None
    reference: str | None = None


class Shown(NamedTuple):
    """What a provider shows as the target's cover now; no `reference` where there is none."""

    reference: str | None
    request_id: str | None = None


class Provider(Protocol[Target_contra]):
    """One provider with one profile's credentials. Safe to use from several threads.

    Every method raises ProviderError; `unsure` where a write may have taken effect. Neither
    messages nor representations ever hold credentials.
    """

    @property
    def remakes(self) -> bool:
        """Whether it may show a picture of its own making for ours, as after encoding it again.

        Then that is known by its having changed after a write that was answered.
        """

    @property
    def timeout_s(self) -> float:
        """What a whole `record` may take, with all its calls."""

    def record(self, target: Target_contra, copy: CoverCopy) -> Receipt:
        """Make the cover that of the target. Doing it twice is harmless.

        The bytes are read before anything is sent that changes the target: StorageError.
        """

    def read(self, target: Target_contra) -> Shown | None:
        """What the target shows now; None where the provider has no way to tell."""

    def shows(
        self, shown: Shown, copy: CoverCopy, target: Target_contra, reference: str | None
    ) -> bool:
        """Whether what was read is this cover.

        `reference` is what a receipt said, or what the cover is known to be shown as, if it is.
        """

    def would_send(self, target: Target_contra, cover: RecordedCover) -> Mapping[str, Any]:
        """The write as it would be sent: method, URL, parameters, body; credentials left out."""


class MediumCovers(Protocol):
    """The covers that one tenant's media show. Safe to use from several threads.

    Both methods raise RequestError `queue.unavailable`.
    """

    def set(self, medium_id: str, cover: MediumCover) -> bool:
        """Show a cover; False where one with a newer fence stands. Repeated, it changes nothing.

        What stands with the same fence gets its picture, if it has none yet, and keeps the rest.
        Raises: RequestError `request.not_found` without such a medium, or when the picture is gone;
        StorageError.
        """

    def shown(self, medium_id: str) -> MediumCover | None:
        """What the medium shows; None for no cover. Raises: RequestError `request.not_found`."""


class Messenger(Protocol):
    """Carries messages to the endpoints of others, signed. Safe to use from several threads."""

    def deliver(self, url: str, *, message_id: str, body: bytes, secrets: Sequence[str]) -> int:
        """One attempt at a delivery; the status of the answer that took it.

        Raises: WebhookError, with `delay_s` where the endpoint asked for a pause.
        """


class Ledger(Protocol):
    """The ledger of one order's attempt: who may write to the target, and what came of it.

    Every method raises RequestError `job.superseded`, `job.cancelled` when the attempt is over.
    """

    def begin(self) -> Turn:
        """Take the target for a write of this order, whose fence is drawn already.

        Raises: ProviderError `record.waiting` while another's write may still be under way.
        """

    def writes(self, before: str | None = None, *, takes_s: float = 0) -> None:
        """Note that a write goes out now: from here on its outcome is unknown.

        `before` is what was shown then, empty for nothing, where it matters.
        Raises: WorkerError `worker.timeout` where the attempt ends in less than `takes_s`.
        """

    def written(self, request_id: str | None, reference: str | None) -> None:
        """Note that the provider answered the write, before it is verified."""

    def misses(self, reference: str | None) -> NoReturn:
        """Note what is shown instead of this order's cover, whose write was answered.

        Raises: ProviderError `record.waiting` while it may only be shown late; `provider.conflict`
        after that, and when what is shown instead is another one now.
        """

    def doubts(self) -> None:
        """Note that the write ended just now without a word of its outcome: it may still come."""

    def leave(self) -> None:
        """Take back that a write went out: it certainly had no effect."""

    def stands(self, reference: str | None, *, verified: bool) -> None:
        """Note that the provider shows this order's cover: no older order writes after this."""

    def yields(self, rival: str, reference: str | None, *, verified: bool) -> None:
        """Note that the cover of a rival of the turn stands, or may: this order is superseded.

        `reference` is what is shown.
        """


class Pace(Protocol):
    """The provider account's budget of calls, shared by all workers, and its rests."""

    def write(self) -> None:
        """Wait for a write's turn; short waits are slept, longer ones are for the lane.

        Raises: ProviderError `provider.throttled` or `provider.paused` with `delay_s`.
        """

    def read(self) -> None:
        """The same for a read."""

    def tell(self, error: Exception | None) -> None:
        """Say how a call ended: failures in a row let the account rest, `Retry-After` too."""
