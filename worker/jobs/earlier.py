"""Results of before: found for a medium that was opened, told as this run's, kept for the next."""

from typing import TypeVar

from worker.contracts.results import CoverResult, Timings
from worker.contracts.snapshot_results import SnapshotResult
from worker.ports import Reader, Results

Asked = TypeVar("Asked")
Made = TypeVar("Made", CoverResult, SnapshotResult)


def found(results: Results[Asked, Made] | None, reader: Reader, recipe: Asked) -> Made | None:
    """The result of the same bytes and recipe; a medium without a fingerprint has none."""
    if results is None or reader.fingerprint is None:
        return None
    return results.find(reader.fingerprint, recipe)


def retold(result: Made, reader: Reader, timings: Timings) -> Made:
    """An earlier result as this run's: what was made is the same, what it took is not."""
    assert result.medium is not None
    cost = {"bytes_read": reader.bytes_read, "requests": reader.requests}
    medium = result.medium.model_copy(update=cost)
    changes = {"source": reader.label, "medium": medium, "timings_ms": timings}
    return result.model_copy(update=changes)


def keep(results: Results[Asked, Made] | None, reader: Reader, recipe: Asked, result: Made) -> None:
    """Keep a result for the next request; a medium without a fingerprint is not known again."""
    if results and reader.fingerprint:
        results.keep(reader.fingerprint, recipe, result)
