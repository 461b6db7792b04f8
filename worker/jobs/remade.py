"""Whether what a provider shows is a cover of ours, also one that it encoded again."""

from typing import Any, NamedTuple

from worker.contracts.targets import CoverTarget
from worker.ports.recording import CoverCopy, Provider, Shown


class Judge(NamedTuple):
    """Judges what one target shows.

    A provider that `remakes` covers may show one that nobody has seen before: after a write that it
    answered it is known by the change. Such a cover stands, but it was not seen to be ours.
    """

    provider: Provider[Any]
    target: CoverTarget

    def shows(self, shown: Shown, copy: CoverCopy, reference: str | None) -> bool:
        """Whether it is the cover, by itself or by what it is known to be shown as."""
        return self.provider.shows(shown, copy, self.target, reference)

    def has_changed(self, shown: Shown, before: str | None) -> bool:
        """Whether something is shown that was not `before`, where that tells of a cover."""
        if before is None or not self.provider.remakes:
            return False
        return shown.reference not in (None, before)

    def may_show(
        self, shown: Shown, copy: CoverCopy, reference: str | None, before: str | None
    ) -> bool:
        """Whether it can be the cover, of whose write there was perhaps no answer."""
        if self.provider.remakes and before is None:
            return True
        return self.shows(shown, copy, reference) or self.has_changed(shown, before)

    def is_seen(self, shown: Shown, copy: CoverCopy) -> bool:
        """Whether a cover that is known to be shown is seen to be: by itself, not by a change."""
        return not self.provider.remakes or self.shows(shown, copy, None)
