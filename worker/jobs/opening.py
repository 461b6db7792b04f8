"""Opening a job's source and its medium, so that both are known when the job has ended."""

from collections.abc import Callable

from worker.contracts.results import MediumInfo
from worker.ports import Decoder, OpenMedium, Reader


class Opening:
    """Opens the source that a story asks for; `label` and `fingerprint` are of the last one."""

    def __init__(self, open_source: Callable[[], Reader]) -> None:
        self._open_source = open_source
        self.fingerprint: str | None = None
        self.label: str | None = None

    def __call__(self) -> Reader:
        """Raises: what the source raises."""
        reader = self._open_source()
        self.fingerprint, self.label = reader.fingerprint, reader.label
        return reader


class KnownMedia:
    """A decoder; `last` is what the medium that was opened last was known to be then."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.last: MediumInfo | None = None

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> OpenMedium:
        """Raises: as the decoder."""
        self.last = None
        opened = self._decoder.open(reader, needed_px=needed_px, max_bytes=max_bytes)
        self.last = opened.info
        return opened
