"""How the decode child reads a medium: by asking its parent, or from a descriptor it was given."""

import json
import os

from worker.errors import SourceError, error_of
from worker.sandbox.channel import MAX_PAYLOAD_BYTES, Channel


class ParentReader:
    """Bytes that the parent fetches; it counts them, keeps the caps and knows the errors."""

    label = "parent"
    fingerprint = None
    bytes_read = 0
    requests = 0

    def __init__(self, channel: Channel, size_bytes: int | None) -> None:
        self._channel = channel
        self.size_bytes = size_bytes

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

    def descriptor(self) -> None:
        return None

    def close(self) -> None:
        """Nothing is held here."""


class DescriptorReader:
    """A local file that the parent opened; at most `max_bytes` of it are read."""

    label = "descriptor"
    fingerprint = None
    requests = 0

    def __init__(self, descriptor: int, size_bytes: int | None, max_bytes: int) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self.size_bytes = size_bytes
        self.bytes_read = 0

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: SourceError `source.too_large` at the cap, `source.unreadable`.
        """
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise SourceError("source.unreadable") from error
        self.bytes_read += len(data)
        if self.bytes_read > self._max_bytes:
            raise SourceError("source.too_large")
        return data

    def descriptor(self) -> int:
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)
