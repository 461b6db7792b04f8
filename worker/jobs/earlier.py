"""Results of before: found for a medium that was opened, told as this run's, kept for the next."""

from worker.contracts.names import FACE_UNAVAILABLE
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult, Timings
from worker.ports import Reader, Results


def found(results: Results | None, reader: Reader, recipe: Recipe) -> CoverResult | None:
    """The result of the same bytes and recipe; a medium without a fingerprint has none."""
    if results is None or reader.fingerprint is None:
        return None
    return results.find(reader.fingerprint, recipe)


def retold(result: CoverResult, reader: Reader, timings: Timings) -> CoverResult:
    """An earlier result as this run's: what was made is the same, what it took is not."""
    assert result.medium is not None
    cost = {"bytes_read": reader.bytes_read, "requests": reader.requests}
    medium = result.medium.model_copy(update=cost)
    changes = {"source": reader.label, "medium": medium, "timings_ms": timings}
    return result.model_copy(update=changes)


def keep(
    results: Results | None, fingerprint: str | None, recipe: Recipe, result: CoverResult
) -> None:
    """Keep a result for the next request, unless nobody could look for its faces."""
    assert result.crop is not None
    if results and fingerprint and FACE_UNAVAILABLE not in result.crop.flags:
        results.keep(fingerprint, recipe, result)
