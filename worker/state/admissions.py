"""Whether a call of an account is taken, and in the same script what it is answered from."""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.state.image_scripts import PAGED
from worker.state.images import SHOWN_TYPES, ImagePage, images_of, page_of
from worker.state.media import medium_of
from worker.state.medium_scripts import MEDIA

# More in one script would keep others waiting in Redis, which does one thing at a time.
MOST_LOOKED_AT: Final = 200

Word = Literal["admitted", "locked", "replayed", "throttled"]

# The bucket's time is when it is full again: a call puts it off by its share (GCRA). What is
# refused spends nothing, so nobody else's replays use up an account's calls.
_ADMITTED: Final = """
local function admitted(key, calls_per_second, nonce, nonce_ms, shown_by)
  local now, share_ms = clock_ms(), 1000 / tonumber(calls_per_second)
  local locked = 'ff:account_locked:' .. shown_by
  if shown_by ~= '' and redis.call('EXISTS', locked) == 1 then
    return {'locked', redis.call('PTTL', locked)}
  end
  local nonce_key = 'ff:nonce:' .. key .. ':' .. nonce
  if nonce ~= '' and redis.call('EXISTS', nonce_key) == 1 then return {'replayed', 0} end
  local bucket = 'ff:account_calls:' .. key
  local full = math.max(tonumber(redis.call('GET', bucket) or 0), now) + share_ms
  local burst_ms = math.max(1000, share_ms)
  if full - now > burst_ms then return {'throttled', math.ceil(full - now - burst_ms)} end
  if nonce ~= '' then redis.call('SET', nonce_key, 1, 'PX', nonce_ms) end
  redis.call('SET', bucket, whole(full * 1000) / 1000, 'PX', math.ceil(full - now) + 1000)
  if shown_by ~= '' then redis.call('DEL', 'ff:account_failures:' .. shown_by) end
  return {'admitted', 0}
end
"""

ADMIT: Final = f"{_ADMITTED}\nreturn admitted(unpack(ARGV))\n"

ADMIT_AND_READ: Final = (
    PAGED
    + MEDIA
    + _ADMITTED
    + """
local told = admitted(unpack(ARGV, 1, 5))
if told[1] ~= 'admitted' then return told end
local tenant, kind, id, most = ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
if kind == 'image' then
  local image, rows = image_of(tenant, id), {}
  if image then tell_of(rows, tenant, id, image) end
  table.insert(told, rows)
  table.insert(told, image and image[3] ~= '' and told_of(tenant, image[3]) or {})
else
  table.insert(told, told_of(tenant, id))
  for i = 10, #ARGV do
    table.insert(told, page_of(tenant, ':medium:' .. id, '+', most, most, '', id, ARGV[i]))
  end
end
return told
"""
)


class Subject(NamedTuple):
    """What a call reads: an image with the medium it is of, or a medium, alone or with pictures."""

    kind: Literal["image", "medium", "pictures"]
    id: str


class Found(NamedTuple):
    """What there is of a subject; `pages` are the newest pictures, of each of `SHOWN_TYPES`."""

    image: ImageRecord | None = None
    medium: MediumRecord | None = None
    pages: tuple[ImagePage, ...] = ()


class Admission(NamedTuple):
    """What became of a call, how many s not to come again, and what was found if it is taken."""

    word: Word
    wait_s: float
    found: Found | None = None


def reading(tenant: str, subject: Subject) -> tuple[str | int, ...]:
    """What `ADMIT_AND_READ` is told beside what `ADMIT` is."""
    types = SHOWN_TYPES if subject.kind == "pictures" else ()
    return (tenant, *subject, MOST_LOOKED_AT, *types)


def admission_of(told: Sequence[Any], tenant: str, subject: Subject | None) -> Admission:
    """The answer of either script."""
    word, wait_ms, *rest = told
    found = _found(rest, tenant, subject) if subject and word == "admitted" else None
    return Admission(cast(Word, word), int(wait_ms) / 1000, found)


def _found(told: Sequence[Any], tenant: str, subject: Subject) -> Found:
    if subject.kind != "image":
        fields, *pages = told
        medium = medium_of(tenant, subject.id, fields) if fields else None
        return Found(medium=medium, pages=tuple(map(page_of, pages)))
    rows, fields = told
    image = next(iter(images_of(rows)), None)
    if image is None or image.medium_id is None or not fields:
        return Found(image)
    return Found(image, medium_of(tenant, image.medium_id, fields))
