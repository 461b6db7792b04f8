"""How the decode child reads a medium: by asking its parent, or from a descriptor it was given."""

import json
import os
from collections.abc import Sequence

from worker.errors import SourceError, error_of
from worker.ports import Reader
from worker.rules.ranges import Ranges
from worker.sandbox.channel import MAX_PAYLOAD_BYTES, Channel
from worker.sandbox.messages import MAX_SPANS

KEPT_BYTES = 64 * 1024


class ParentReader:
    """Bytes that the parent fetches; it counts them, keeps the caps and knows the errors."""

    label = "parent"
    fingerprint: str | None = None

    def __init__(self, channel: Channel, size_bytes: int | None) -> None:
        self._channel = channel
        self.size_bytes = size_bytes
        self.bytes_read = 0
        self.requests = 0

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: the reader's error that the parent tells.
        """
        parts: list[bytes] = []
        while length > 0:
            part = self._part(offset, min(length, MAX_PAYLOAD_BYTES))
            parts.append(part)
            if len(part) < min(length, MAX_PAYLOAD_BYTES):
                break
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def _part(self, offset: int, length: int) -> bytes:
        self._channel.send({"say": "read", "offset": offset, "length": length})
        answer = self._channel.receive()
        header = json.loads(answer.header)
        if header["do"] == "fault":
            raise error_of(header["code"], header["message"], stage=header["stage"])
        return answer.payload

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Told to the parent, as many as it takes."""
        payload = json.dumps(spans[:MAX_SPANS]).encode()
        self._channel.send({"say": "soon"}, payload)

    def descriptor(self) -> None:
        return None

    def close(self) -> None:
        """Nothing is held here."""


class DescriptorReader:
    """A local file that the parent opened; at most `max_bytes` of it are read.

    A byte counts once, however often it is read: a damaged video is opened twice.
    """

    label = "descriptor"
    fingerprint: str | None = None

    def __init__(self, descriptor: int, size_bytes: int | None, max_bytes: int) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._length = os.fstat(descriptor).st_size if size_bytes is None else size_bytes
        self.size_bytes: int | None = self._length
        self.requests = 0
        self._counted = Ranges()

    @property
    def bytes_read(self) -> int:
        return self._counted.total_bytes

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: SourceError `source.too_large` at the cap, `source.changed` where the file is
            shorter than it was, `source.unreadable`.
        """
        length = min(length, max(self._length - offset, 0))
        if self.bytes_read + self._counted.without(offset, offset + length) > self._max_bytes:
            raise SourceError("source.too_large")
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise SourceError("source.unreadable") from error
        if len(data) < length:
            raise SourceError("source.changed")
        self._counted.add(offset, offset + length)
        return data

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """A file is there already."""

    def descriptor(self) -> int:
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)


class HeadReader:
    """Keeps the first 64 KiB of a medium, which sniffing and opening read again and again."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._head: bytes | None = None
        self.label = reader.label
        self.size_bytes = reader.size_bytes
        self.fingerprint = reader.fingerprint

    @property
    def bytes_read(self) -> int:
        return self._reader.bytes_read

    @property
    def requests(self) -> int:
        return self._reader.requests

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end. Raises: SourceError."""
        if offset >= KEPT_BYTES:
            return self._reader.read(offset, length)
        if self._head is None:
            self._head = self._reader.read(0, KEPT_BYTES)
        part = self._head[offset : offset + length]
        if len(part) == length or len(self._head) < KEPT_BYTES:
            return part
        return part + self._reader.read(KEPT_BYTES, length - len(part))

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        self._reader.soon(spans)

    def descriptor(self) -> int | None:
        return self._reader.descriptor()

    def close(self) -> None:
        self._reader.close()
