"""The write-back of covers: what is asked for, what the ledger tells, what a delivery carries."""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from worker.contracts.catalogue import HexId
from worker.contracts.requests import CallbackUrl, Request, ShortText, SizePx
from worker.contracts.results import ErrorInfo, Frozen, Timings
from worker.contracts.targets import ProviderName, Target

RecordState = Literal["pending", "recorded", "superseded", "failed"]
DeliveryState = Literal["pending", "delivered", "failed"]
Verdict = Literal["agrees", "drifted", "gone", "unreadable", "unreachable", "busy"]
EventType = Literal[
    "job.succeeded",
    "job.failed",
    "job.cancelled",
    "record.recorded",
    "record.superseded",
    "record.failed",
]


def lane_of(target: Target) -> Literal["record", "notify"]:
    """Endpoints of others are slow for days at a time: they wait among their like."""
    return "notify" if target.provider == "webhook" else "record"


class RecordedCover(Frozen):
    """The cover that a record writes back: a stored object; only a public one has a `url`."""

    key: str
    url: str | None = None
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    image_id: HexId | None = None


class RecordRequest(Request):
    """The body of `POST /v1/records`: an existing cover, by its picture or its job, to a target."""

    target: Target
    image: HexId | None = None
    job: Annotated[str, Field(pattern=r"^job_[0-9A-HJKMNP-TV-Z]{26}$")] | None = None
    size: SizePx | None = None
    callback_url: CallbackUrl | None = None
    metadata: Annotated[dict[ShortText, ShortText], Field(max_length=32)] = Field({})

    @model_validator(mode="after")
    def _exactly_one(self) -> "RecordRequest":
        if (self.image is None) == (self.job is None):
            raise PydanticCustomError("one_cover", "expected exactly one of 'image', 'job'")
        if self.size is not None and self.job is None:
            raise PydanticCustomError("size_of_job", "'size' goes with 'job'")
        return self


class RecordOrder(Frozen):
    """What a worker is to record: the work of kind `record`.

    `fence` tells which of two orders for one target is newer: it is drawn when an order, or its
    retry, is accepted. `cover` is None while the job that makes it has not succeeded.
    """

    target: Target
    job: str | None = None
    fence: int = 0
    cover: RecordedCover | None = None
    callback_url: str | None = Field(default=None, repr=False)
    metadata: dict[str, str] = Field({})

    @property
    def lane(self) -> Literal["record", "notify"]:
        """Where the order waits."""
        return lane_of(self.target)


class RecordResult(Frozen):
    """How an order ended well: `verified` when the provider was seen to show the cover.

    `reference` is what the provider shows it as; `would_send` is a dry run's.
    """

    state: Literal["recorded", "superseded"]
    request_id: str | None = None
    reference: str | None = None
    verified: bool = False
    would_send: dict[str, Any] | None = None
    timings_ms: Timings = Timings()


class Rival(NamedTuple):
    """A newer order that ended while its write may stand; no `cover` where it is not known.

    `before` is what was shown before it wrote, as in `Turn`.
    """

    record: str
    cover: RecordedCover | None
    reference: str | None
    before: str | None = None


class Turn(NamedTuple):
    """What a target's ledger says to an order that wants to write.

    `superseded`: a newer cover stands. `recorded`: this order's own write was seen to stand, or
    answered where nobody can look. `compare`: a write may have taken effect, read before writing.
    `write`: nothing is in the way. `reference` and `request_id` are what the answer to an earlier
    write of this order said, which came if it was `answered`; the reference may also be what the
    same bytes stand as. `before` is what was shown before this order wrote first, empty for
    nothing, None where it has not written or nobody looked; `has_written` tells which. Where it
    `is_missed` too, the answered write was looked for in vain for long enough to be repeated.
    """

    word: Literal["superseded", "recorded", "compare", "write"]
    reference: str | None = None
    request_id: str | None = None
    answered: bool = False
    verified: bool = False
    rivals: tuple[Rival, ...] = ()
    before: str | None = None
    has_written: bool = False
    is_missed: bool = False


class Record(Frozen):
    """A row of the ledger: one cover for one target."""

    id: str
    tenant: str = Field(exclude=True)
    target: Target
    state: RecordState
    fence: int
    attempts: int
    job: str | None = None
    cover: RecordedCover | None = None
    result: RecordResult | None = None
    error: ErrorInfo | None = None
    created_at: datetime
    next_at: datetime | None = None
    recorded_at: datetime | None = None
    metadata: dict[str, str] = Field({})

    @property
    def provider(self) -> ProviderName:
        return self.target.provider

    @property
    def lane(self) -> Literal["record", "notify"]:
        """Where the record waits."""
        return lane_of(self.target)


class Finding(Frozen):
    """What a target was found to show, compared with what the ledger says that stands there.

    `agrees`, or `drifted`: it shows another cover or none, as `shown` tells without its query, and
    `mended` when ours is recorded again. `gone`: the provider has no such target. `unreadable`: it
    has no way to tell. `unreachable`: it did not, by `code`. `busy`: a cover is being recorded.
    """

    account: str
    target: str
    tenant: str
    record: str
    verdict: Verdict
    shown: str | None = None
    code: str | None = None
    mended: bool = False


class JobRecord(Frozen):
    """What a job tells of its write-back: `record` of a job with a target."""

    id: str
    provider: ProviderName
    state: RecordState
    attempts: int
    next_at: datetime | None = None
    recorded_at: datetime | None = None
    request_id: str | None = None
    error: ErrorInfo | None = None


class Notice(Frozen):
    """What a callback URL is told: the work of kind `notify`. Thin: who wants more reads the job.

    `sequence` grows with every change of the job; a receiver passes over what is older.
    """

    url: str = Field(repr=False)
    type: EventType
    job: str | None = None
    record: str | None = None
    sequence: int = 0
    at: datetime

    @property
    def lane(self) -> Literal["notify"]:
        return "notify"


class NoticeResult(Frozen):
    """A delivery that the receiver took, with its HTTP status."""

    status: int
    timings_ms: Timings = Timings()


class Delivery(Frozen):
    """What became of a notice: `delivered`, or `failed` for good; then it may be replayed."""

    id: str
    tenant: str = Field(exclude=True)
    url: str
    type: EventType
    state: DeliveryState
    attempts: int
    job: str | None = None
    record: str | None = None
    sequence: int
    status: int | None = None
    error: ErrorInfo | None = None
    created_at: datetime
    next_at: datetime | None = None
    ended_at: datetime | None = None
