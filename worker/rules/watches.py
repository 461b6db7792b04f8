"""When an album is looked at again, and which cannot be watched."""

from collections.abc import Mapping
from typing import Final, Protocol

from worker.contracts.requests import AlbumReference, CoverRequest
from worker.contracts.targets import SmhTarget
from worker.rules.visibility import Refusal

_JITTER: Final = 0.1
# An album that cannot be read is looked at ever more seldom, but at least this often.
_LONGEST_S: Final = 3600.0
_MOST_DOUBLINGS: Final = 12


def look_delay_s(
    every_s: float, *, failures: int = 0, asked_s: float | None = None, draw: float
) -> float:
    """Seconds until the next look: `every_s` with 10 % of jitter; `draw` is random in [0, 1).

    After failures in a row it doubles for each, up to an hour, or is what the other side asked for
    where that is longer, up to an hour too.
    """
    longest_s = max(every_s, _LONGEST_S)
    planned_s = min(every_s * 2.0 ** min(failures, _MOST_DOUBLINGS), longest_s)
    planned_s = max(planned_s, min(asked_s or 0.0, longest_s))
    return planned_s * (1 + _JITTER * (2 * draw - 1))


class Leaving(Protocol):
    """What the settings say of where covers are left at Tencent SMH."""

    @property
    def mode(self) -> str: ...


def watch_refusal(wanted: CoverRequest, profiles: Mapping[str, Leaving]) -> Refusal | None:
    """Why an album cannot be watched: its cover would become a medium of it, maybe the first."""
    album, target = wanted.source.album, wanted.target
    if not wanted.watch or album is None or not isinstance(target, SmhTarget):
        return None
    profile = profiles.get(target.profile)
    if profile is None or profile.mode != "beside" or not _is_within(target, album):
        return None
    told = "the cover would be left in the album itself, as a medium of it"
    return Refusal("request.invalid", "watch", told)


def _is_within(target: SmhTarget, album: AlbumReference) -> bool:
    """Whether what is left beside the target's file is in the album."""
    of_one_space = (target.library_id, target.space_id) == (album.library_id, album.space_id)
    folders = [part for part in target.path.split("/") if part][:-1]
    return of_one_space and folders == ([album.album] if album.album else [])
