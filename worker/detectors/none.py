"""Detection switched off: every picture is treated as one without faces."""

from worker.ports import FoundFace, View


class NoDetector:
    """Finds nobody, at no cost."""

    model = "none"

    def check(self) -> None:
        """Nothing is needed, so nothing is missing."""

    def detect(self, view: View) -> tuple[FoundFace, ...]:
        return ()
