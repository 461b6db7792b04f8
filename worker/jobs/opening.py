"""Opening a job's source, so that what names its bytes is known when the job has ended."""

from collections.abc import Callable

from worker.ports import Reader


class Opening:
    """Opens the source that a story asks for; `fingerprint` is of what was opened last."""

    def __init__(self, open_source: Callable[[], Reader]) -> None:
        self._open_source = open_source
        self.fingerprint: str | None = None

    def __call__(self) -> Reader:
        """Raises: what the source raises."""
        reader = self._open_source()
        self.fingerprint = reader.fingerprint
        return reader
