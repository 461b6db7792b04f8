"""The ledger as callers see it: which records and notices they reach, and their JSON."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from api.reach import Reach
from api.views import UNTOLD, job_path, record_path
from worker.contracts.records import (
    Delivery,
    DeliveryState,
    EventType,
    Record,
    RecordedCover,
    RecordResult,
    RecordState,
)
from worker.contracts.results import ErrorInfo
from worker.contracts.targets import ProviderName, Target
from worker.errors import RequestError
from worker.rules.urls import shown
from worker.state.notices import NoticePage
from worker.state.records import RecordFilters, RecordPage
from worker.wiring import State


class RecordLinks(BaseModel):
    self: str
    job: str | None = Field(description="What made the cover.")
    image: str | None = Field(description="The cover's record in the catalogue.")


class RecordView(BaseModel):
    """A write-back: one cover for one target."""

    id: str
    provider: ProviderName
    target: Target
    state: RecordState
    fence: int = Field(description="Of two records for one target the larger one is newer.")
    attempts: int
    job: str | None
    cover: RecordedCover | None = Field(description="Null while its job makes it.")
    result: RecordResult | None
    error: ErrorInfo | None = Field(description="The last failure, while it is tried again, too.")
    created_at: datetime
    next_at: datetime | None = Field(description="When it is tried again.")
    recorded_at: datetime | None
    metadata: dict[str, str]
    links: RecordLinks


class RecordsView(BaseModel):
    """A page of records, newest first; `next` is the cursor of the page after it."""

    records: list[RecordView]
    next: str | None


class NoticeLinks(BaseModel):
    self: str
    job: str | None
    record: str | None


class NoticeView(BaseModel):
    """What a callback URL is told: one message, delivered once its endpoint took it."""

    id: str = Field(description="The `webhook-id` of all attempts.")
    url: str = Field(description="Without its query, which may be a secret.")
    type: EventType
    state: DeliveryState
    attempts: int
    job: str | None
    record: str | None
    sequence: int
    status: int | None = Field(description="What the endpoint answered when it took the message.")
    error: ErrorInfo | None
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    links: NoticeLinks


class NoticesView(BaseModel):
    """A page of notices, those of the newest job first; `next` is the cursor of the next page."""

    notices: list[NoticeView]
    next: str | None


class LedgerReach(NamedTuple):
    """The tenant's records and notices, but none of libraries where the API is open (`Reach`).

    Every method raises RequestError `queue.unavailable`.
    """

    state: State
    reach: Reach

    def record(self, record_id: str) -> Record:
        """Raises: RequestError `request.not_found`, for a record that is out of reach too."""
        found = self.state.records.read(self.reach.tenant, record_id)
        if found is None or not self._has(found):
            raise RequestError("request.not_found", "There is no such record.")
        return found

    def records(self, filters: RecordFilters, *, cursor: str | None, limit: int) -> RecordPage:
        """As `RecordRecords.page`; what is out of reach makes a page shorter."""
        tenant = self.reach.tenant
        found = self.state.records.page(tenant, filters, cursor=cursor, limit=limit)
        return found._replace(records=[each for each in found.records if self._has(each)])

    def retry(self, record_id: str) -> Record:
        """Raises: RequestError `request.not_found`, `job.state`."""
        self.record(record_id)
        return self.state.records.retry(self.reach.tenant, record_id)

    def notice(self, notice_id: str) -> Delivery:
        """Raises: RequestError `request.not_found`, for a notice that is out of reach too."""
        found = self.state.notices.read(self.reach.tenant, notice_id)
        if found is None or not self._tells(found):
            raise RequestError("request.not_found", "There is no such notice.")
        return found

    def notices(self, state: str | None, *, cursor: str | None, limit: int) -> NoticePage:
        """As `NoticeRecords.page`; what is out of reach makes a page shorter."""
        found = self.state.notices.page(self.reach.tenant, state, cursor=cursor, limit=limit)
        return found._replace(notices=[each for each in found.notices if self._tells(each)])

    def replay(self, notice_id: str) -> Delivery:
        """Raises: RequestError `request.not_found`, `job.state`."""
        self.notice(notice_id)
        return self.state.notices.replay(self.reach.tenant, notice_id)

    def _has(self, record: Record) -> bool:
        """Of an open API only what is known to be of no library: its job or its picture says so."""
        if not self.reach.is_open:
            return True
        if record.job is not None:
            return self.reach.has(record.job)
        image_id = record.cover.image_id if record.cover else None
        image = self.state.images.read(self.reach.tenant, image_id) if image_id else None
        return image is not None and not image.of_library

    def _tells(self, notice: Delivery) -> bool:
        if not self.reach.is_open:
            return True
        if notice.job is not None:
            return self.reach.has(notice.job)
        record_id = notice.record or ""
        found = self.state.records.read(self.reach.tenant, record_id)
        return found is not None and self._has(found)


def record_view(record: Record) -> dict[str, Any]:
    """A record as JSON."""
    image = record.cover.image_id if record.cover else None
    return {
        **record.model_dump(mode="json", exclude={"target"}),
        "provider": record.provider,
        "target": record.target.model_dump(mode="json", exclude_none=True, exclude=UNTOLD),
        "links": {
            "self": record_path(record.id),
            "job": job_path(record.job) if record.job else None,
            "image": f"/v1/images/{image}" if image else None,
        },
    }


def notice_view(notice: Delivery) -> dict[str, Any]:
    """A notice as JSON; its URL's query may be a secret."""
    return {
        **notice.model_dump(mode="json"),
        "url": shown(notice.url),
        "links": {
            "self": f"/v1/notices/{notice.id}",
            "job": job_path(notice.job) if notice.job else None,
            "record": record_path(notice.record) if notice.record else None,
        },
    }
