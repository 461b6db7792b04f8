"""Framed messages over one socket pair: a JSON header, raw bytes, perhaps a file descriptor.

    4 bytes length of the header | 4 bytes length of the payload | header | payload

Lengths are big-endian and checked before anything is allocated. Nothing is ever unpickled.
"""

import json
import os
import socket
import struct
import time
from array import array
from collections.abc import Mapping
from typing import NamedTuple

MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
_PREFIX = struct.Struct(">II")
_DESCRIPTOR_SPACE = socket.CMSG_SPACE(array("i").itemsize)


class ChannelError(Exception):
    """The other side hung up, or said what cannot be."""


class Message(NamedTuple):
    """`descriptor` belongs to the receiver, who closes it."""

    header: bytes
    payload: bytes
    descriptor: int | None


class Channel:
    """One end. Descriptors are received only where `takes_descriptors`; the kernel drops others.

    `deadline_s` (monotonic clock) bounds every call; None waits for ever.
    """

    def __init__(self, sock: socket.socket, *, takes_descriptors: bool = False) -> None:
        self._sock = sock
        self._takes_descriptors = takes_descriptors
        self.deadline_s: float | None = None

    def send(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        *,
        descriptor: int | None = None,
    ) -> None:
        """Raises: ChannelError when the other side is gone, TimeoutError at the deadline."""
        text = json.dumps(header).encode()
        data = memoryview(_PREFIX.pack(len(text), len(payload)) + text + payload)
        try:
            self._wait_no_longer()
            if descriptor is not None:
                data = data[socket.send_fds(self._sock, [data], [descriptor]) :]
            while data:
                self._wait_no_longer()
                data = data[self._sock.send(data) :]
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChannelError("the other side is gone") from error

    def receive(self) -> Message:
        """The next message.

        Raises: ChannelError at the end of the stream or for absurd lengths, TimeoutError at the
            deadline.
        """
        try:
            descriptor, prefix = self._first_bytes()
            prefix += self._exactly(_PREFIX.size - len(prefix))
            header_bytes, payload_bytes = _PREFIX.unpack(prefix)
            if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
                raise ChannelError("a message of absurd length")
            return Message(self._exactly(header_bytes), self._exactly(payload_bytes), descriptor)
        except ConnectionResetError as error:
            raise ChannelError("the other side is gone") from error

    def close(self) -> None:
        self._sock.close()

    def _first_bytes(self) -> tuple[int | None, bytes]:
        """The start of a message and the descriptor that came with it."""
        self._wait_no_longer()
        if not self._takes_descriptors:
            return None, b""
        data, ancillary, _, _ = self._sock.recvmsg(
            _PREFIX.size, _DESCRIPTOR_SPACE, socket.MSG_CMSG_CLOEXEC
        )
        received = array("i")
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                received.frombytes(content)
        for extra in received[1:]:
            os.close(extra)
        return (received[0] if received else None), data or self._ended()

    def _exactly(self, length: int) -> bytes:
        parts = []
        while length:
            self._wait_no_longer()
            part = self._sock.recv(min(length, 1 << 20)) or self._ended()
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _ended(self) -> bytes:
        raise ChannelError("the other side hung up")

    def _wait_no_longer(self) -> None:
        if self.deadline_s is None:
            self._sock.settimeout(None)
            return
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._sock.settimeout(left_s)
