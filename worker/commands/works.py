"""The kinds of work that warm processes do for commands: what is asked, what comes back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from pydantic import TypeAdapter

from worker.contracts.plans import PlanResult
from worker.contracts.requests import Recipe, Request
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import CoverError
from worker.jobs import cover, snapshot

Kind = Literal["cover", "snapshot", "plan"]
Result = TypeVar("Result", bound=CoverResult | SnapshotResult | PlanResult)

RECIPES: Final[dict[str, type[Request]]] = {
    "cover": Recipe,
    "snapshot": SnapshotRecipe,
    "plan": SnapshotRecipe,
}
# A forecast that failed is told as the snapshots that would have failed.
_RESULTS: Final[dict[str, TypeAdapter[Any]]] = {
    "cover": TypeAdapter(CoverResult),
    "snapshot": TypeAdapter(SnapshotResult),
    "plan": TypeAdapter(PlanResult | SnapshotResult),
}
_FAILED: Final[dict[str, Callable[[str, CoverError], CoverResult | SnapshotResult]]] = {
    "cover": cover.failed,
    "snapshot": snapshot.failed,
    "plan": snapshot.failed,
}


class Work(NamedTuple, Generic[Result]):
    """What is to be made of every source, and the folder of the files."""

    kind: Kind
    recipe: Request
    folder: Path

    def result(self, told: object) -> Result:
        """A result as a process told it in JSON. Raises: pydantic.ValidationError."""
        found: Result = _RESULTS[self.kind].validate_python(told)
        return found

    def failed(self, source: str, error: CoverError) -> Result:
        """The result of a source that failed; `source` as it may be shown."""
        made: Result = failed(self.kind, source, error)
        return made


def failed(kind: str, source: str, error: CoverError) -> Any:
    """The result of a source that failed; `source` as it may be shown."""
    return _FAILED[kind](source, error)
