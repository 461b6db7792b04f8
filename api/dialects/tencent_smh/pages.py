"""The two modes of paging that the vendor's lists have."""

from typing import NamedTuple

from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.queries import Queries

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
DEFAULT_PAGE_SIZE = 20
MAX_REACH = 10_000

_BY_MARKER = ("marker", "limit", "by-marker")
_BY_PAGE = ("page", "page_size", "by-page")


class Slice(NamedTuple):
    """Which part of a list: after a marker, or from an offset on."""

    limit: int
    marker: str | None = None
    offset: int | None = None


def slice_of(queries: Queries, *, page_wins: bool = False) -> Slice:
    """The part that is asked for; by marker where nothing says otherwise.

    Raises: RefusalError `ParamInvalid` for numbers out of bounds, for both modes at once unless
    `page_wins`, and for pages that reach further than 10,000 entries.
    """
    limit = queries.number("limit", least=1, most=MAX_LIMIT)
    page = queries.number("page", least=1, most=MAX_REACH)
    page_size = queries.number("page_size", least=1, most=MAX_LIMIT) or DEFAULT_PAGE_SIZE
    marker = queries.one("marker")
    by_marker, by_page = _is_asked(queries, _BY_MARKER), _is_asked(queries, _BY_PAGE)
    if by_marker and by_page and not page_wins:
        raise RefusalError("ParamInvalid", "Pages by marker and by number cannot be mixed.")
    if not by_page:
        return Slice(limit or DEFAULT_LIMIT, marker=marker or None)
    page = page or 1
    if page * page_size > MAX_REACH:
        raise RefusalError("ParamInvalid", f"Pages reach {MAX_REACH} entries; use marker.")
    return Slice(page_size, offset=(page - 1) * page_size)


def _is_asked(queries: Queries, names: tuple[str, str, str]) -> bool:
    value, size, switch = names
    return queries.has(value) or queries.has(size) or queries.yes(switch)
