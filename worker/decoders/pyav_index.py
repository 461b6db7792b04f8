"""The key frames that a container's own index tells, where it can be believed."""

from collections.abc import Iterator

import av
from av.index import IndexEntries, IndexEntry

from worker.decoders.pyav_clock import Clock
from worker.decoders.pyav_container import Opened
from worker.decoders.pyav_file import translated
from worker.rules.passes import Key, KeyTable

# Of these the index has every frame with its size; its times are those of decoding.
_OF_ALL_FRAMES = ("mov", "avi")
# Of these it has key frames only; those of the others are made up while reading.
_OF_KEYS = ("matroska", "flv")
_SLACK_MS = 1000


def by_decoding_time(opened: Opened) -> bool:
    """Whether the index counts in decoding time stamps; Matroska's are those of showing."""
    return not opened.container.format.name.startswith("matroska")


def key_table(opened: Opened, clock: Clock) -> KeyTable | None:
    """The index's key frames; None where there is no index or one that covers only a part.

    Reads the Cues of a Matroska file, and leaves the container at its start. Raises: SourceError.
    """
    name = opened.container.format.name
    if not name.startswith(_OF_ALL_FRAMES + _OF_KEYS) or clock.duration_ms is None:
        return None
    if name.startswith("matroska"):
        _read_cues(opened)
    full = name.startswith(_OF_ALL_FRAMES)
    entries = opened.stream.index_entries
    if len(entries) < (1 if full else 2):
        return None
    shift = _shift(opened, entries[0]) if by_decoding_time(opened) else 0
    keys = tuple(
        Key(
            at_ms=clock.ms(entry.timestamp + shift),
            stamp=entry.timestamp,
            ticks=entry.timestamp + shift,
            offset=entry.pos,
            size=entry.size if full else 0,
            number=number if full else None,
            shown=not entry.is_discard,
        )
        for number, entry in _keys(entries)
    )
    if not keys:
        return None
    table = KeyTable(keys, _end(opened, clock, len(entries) if full else None))
    return table if _covers(opened, table, clock.ms(entries[-1].timestamp + shift)) else None


def _read_cues(opened: Opened) -> None:
    """Matroska's Cues are read with the first seek."""
    with translated(opened.file, "open"):
        try:
            opened.container.seek(opened.stream.start_time or 0, stream=opened.stream)
        except av.FFmpegError:
            return


def _keys(entries: IndexEntries) -> Iterator[tuple[int, IndexEntry]]:
    """The entries of key frames with their numbers, found without looking at all the others."""
    number = entries.search_timestamp(entries[0].timestamp, backward=False)
    while number >= 0:
        entry = entries[number]
        yield number, entry
        number = entries.search_timestamp(entry.timestamp + 1, backward=False)


def _shift(opened: Opened, first: IndexEntry) -> int:
    """How much later than decoded a key frame is shown, as the first one is."""
    start = opened.stream.start_time
    return 0 if start is None or first.is_discard else max(0, start - first.timestamp)


def _end(opened: Opened, clock: Clock, frames: int | None) -> Key:
    entry = opened.stream.index_entries[-1]
    size = opened.file.size_bytes
    offset = size if size is not None and not entry.size else entry.pos + entry.size
    return Key(clock.duration_ms or 0, 0, 0, offset, number=frames)


def _covers(opened: Opened, table: KeyTable, last_ms: int) -> bool:
    """Whether the index goes on to the end; of fragments perhaps only the first is known."""
    if opened.stream.frames and opened.stream.frames == table.end.number:
        return True
    return last_ms + 2 * table.gap_ms + _SLACK_MS >= table.end.at_ms
