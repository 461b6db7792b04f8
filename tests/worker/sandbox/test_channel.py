import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from worker.sandbox.channel import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, Channel, ChannelError


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    """A parent's channel, a child's, and the child's raw socket."""
    ours, theirs = socket.socketpair()
    parent, child = Channel(ours), Channel(theirs, takes_descriptors=True)
    yield parent, child, theirs
    parent.close()
    child.close()


Ends = tuple[Channel, Channel, socket.socket]


def test_a_message_arrives_as_it_was_sent(ends: Ends) -> None:
    parent, child, _ = ends

    parent.send({"do": "bytes", "n": 1}, b"\x00payload")
    header, payload, descriptor = child.receive()

    assert (json.loads(header), payload, descriptor) == (
        {"do": "bytes", "n": 1},
        b"\x00payload",
        None,
    )


def test_large_payloads_need_no_second_message(ends: Ends) -> None:
    parent, child, _ = ends
    payload = os.urandom(MAX_PAYLOAD_BYTES)
    sender = threading.Thread(target=parent.send, args=({"do": "bytes"}, payload))

    sender.start()
    received = child.receive().payload
    sender.join()

    assert received == payload


def test_a_descriptor_travels_with_its_message(ends: Ends) -> None:
    parent, child, _ = ends
    memory = os.memfd_create("test")
    os.write(memory, b"shared")

    parent.send({"do": "open"}, descriptor=memory)
    parent.send({"do": "close"})
    received = child.receive().descriptor

    assert received is not None
    assert os.pread(received, 10, 0) == b"shared"
    assert not os.get_inheritable(received)
    assert child.receive().descriptor is None
    os.close(received)
    os.close(memory)


def test_a_descriptor_sent_to_the_parent_is_dropped(ends: Ends) -> None:
    parent, child, _ = ends
    before = psutil.Process().num_fds()
    reading, writing = os.pipe()

    child.send({"say": "done"}, descriptor=reading)
    message = parent.receive()
    os.close(reading)
    os.close(writing)

    assert message.descriptor is None
    assert psutil.Process().num_fds() == before


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(struct.pack(">II", MAX_HEADER_BYTES + 1, 0), id="header"),
        pytest.param(struct.pack(">II", 2, MAX_PAYLOAD_BYTES + 1), id="payload"),
        pytest.param(b"\xff" * 8, id="all-ones"),
    ],
)
def test_absurd_lengths_are_refused_before_anything_is_read(ends: Ends, prefix: bytes) -> None:
    parent, _, theirs = ends
    theirs.sendall(prefix)

    with pytest.raises(ChannelError, match="absurd"):
        parent.receive()


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", struct.pack(">II", 10, 0) + b"{}"])
def test_hanging_up_is_told_at_once(ends: Ends, sent: bytes) -> None:
    parent, child, theirs = ends
    theirs.sendall(sent)
    child.close()

    with pytest.raises(ChannelError):
        parent.receive()
    with pytest.raises(ChannelError):
        parent.send({"do": "frame"}, bytes(1 << 20))


def test_the_deadline_holds_for_a_sender_who_dribbles(ends: Ends) -> None:
    parent, _, theirs = ends
    stop = threading.Event()

    def dribble() -> None:
        theirs.sendall(struct.pack(">II", 1000, 0))
        while not stop.wait(0.02):
            theirs.sendall(b" ")

    sender = threading.Thread(target=dribble)
    sender.start()
    began_s = time.monotonic()
    parent.deadline_s = began_s + 0.2
    with pytest.raises(TimeoutError):
        parent.receive()
    lasted_s = time.monotonic() - began_s
    stop.set()
    sender.join()

    assert 0.15 < lasted_s < 1


def test_the_deadline_holds_for_a_receiver_who_does_not_read(ends: Ends) -> None:
    parent, _, _ = ends
    parent.deadline_s = time.monotonic() + 0.1

    with pytest.raises(TimeoutError):
        parent.send({"do": "bytes"}, bytes(MAX_PAYLOAD_BYTES))
