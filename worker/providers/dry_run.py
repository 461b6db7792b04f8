"""A provider at which nothing happens: it says what another would be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from worker.contracts.records import RecordedCover
from worker.contracts.targets import DryRunTarget
from worker.ports.recording import CoverCopy, Provider, Receipt, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunProvider:
    """Stands before the `real` provider of the target that is tried, and calls nothing of it."""

    remakes: ClassVar[bool] = False
    timeout_s: ClassVar[float] = 0
    real: Provider[Any]

    def record(self, target: DryRunTarget, copy: CoverCopy) -> Receipt:
        """Send nothing. Raises: ProviderError where the real provider would refuse the cover."""
        self.would_send(target, copy.cover)
        return Receipt()

    def read(self, target: DryRunTarget) -> None:
        """What the target shows says nothing of a write that was not made."""

    def shows(
        self, shown: Shown, copy: CoverCopy, target: DryRunTarget, reference: str | None
    ) -> bool:
        """Nothing that was read is ever this cover, since nothing is read."""
        return False

    def would_send(self, target: DryRunTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The real provider's write."""
        return self.real.would_send(target.of, cover)
