"""One try at a job, and the tokens it shares with others."""

from collections.abc import Callable
from typing import Protocol

from worker.contracts.tokens import VendorToken


class Tokens(Protocol):
    """Access tokens that a provider gave, shared by all who read there."""

    def get(
        self,
        scope: str,
        make: Callable[[str | None], VendorToken],
        *,
        refused: str | None,
        wait_s: float,
    ) -> str:
        """The token for `scope`, unless it is `refused`; one that `make` gives where none is kept.

        `make` is told the token that will soon be over, to renew it; only one caller at a time
        is in `make`. Raises: SourceError `source.timeout` after `wait_s`; what `make` raises.
        """


class Attempt(Protocol):
    """One try at a job, as its story sees it."""

    def enter(self, stage: str) -> None:
        """Note the stage.

        Raises: RequestError `job.cancelled` or `job.superseded` when the attempt is over.
        """

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Tell how far the attempt has come, 0 to 100, and the time in the medium it is at.

        Cheap to call often: what comes too soon after the last is not passed on.
        Raises: as `enter`.
        """
