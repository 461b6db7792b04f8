"""The story of a reconciliation: does a target still show the cover that was recorded there?"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from worker.contracts.records import Record, RecordedCover, Verdict
from worker.errors import CoverError, ProviderError, StorageError
from worker.ports.recording import CoverCopy, Pace, Provider, Shown

# Live work goes first: a turn that comes later than this is left for another time.
PATIENCE_S: Final = 30.0
# Where a provider asks to come back later without saying when.
_PAUSE_S: Final = 1.0
_VERDICTS: Final[dict[str, Verdict]] = {
    "provider.not_found": "gone",
    "provider.unsupported": "unreadable",
}


class Comparison(NamedTuple):
    """How what a target shows compares with the ledger; `code` tells why it was not seen."""

    verdict: Verdict
    shown: str | None = None
    code: str | None = None


class ReconcileStory(NamedTuple):
    """Looks at the targets of one account, each in the account's turn; nothing is written."""

    provider: Provider[Any]
    pace: Pace
    read_cover: Callable[[RecordedCover], bytes]

    def look(self, record: Record, reference: str | None) -> Comparison:
        """Whether the record's target shows its cover; `reference` is what it was shown as then.

        Raises: RequestError `queue.unavailable`.
        """
        try:
            shown = self._read(record)
            if shown is None:
                return Comparison("unreadable")
            if self._shows(shown, record, reference):
                return Comparison("agrees", shown.reference)
            return Comparison("drifted", shown.reference)
        except (ProviderError, StorageError) as error:
            return unseen(error)

    def _shows(self, shown: Shown, record: Record, reference: str | None) -> bool:
        """What has no cover of ours yet shows what a client set."""
        cover = record.cover
        if cover is None:
            return shown.reference == reference
        copy = CoverCopy(cover, lambda: self.read_cover(cover), record.id, record.fence, record.job)
        return self.provider.shows(shown, copy, record.target, reference)

    def _read(self, record: Record) -> Shown | None:
        """What is shown, read when it is the account's turn; waits for it, if it comes soon."""
        patient_until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._read_in_turn(record)
            except ProviderError as error:
                delay_s = error.delay_s or _PAUSE_S
                too_late = time.monotonic() + delay_s > patient_until_s
                if error.code != "provider.throttled" or too_late:
                    raise
            time.sleep(delay_s)

    def _read_in_turn(self, record: Record) -> Shown | None:
        self.pace.read()
        try:
            shown = self.provider.read(record.target)
        except CoverError as error:
            self.pace.tell(error)
            raise
        self.pace.tell(None)
        return shown


def unseen(error: CoverError) -> Comparison:
    """How a look ended that saw nothing."""
    return Comparison(_VERDICTS.get(error.code, "unreachable"), code=error.code)
