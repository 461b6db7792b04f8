import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.readers import BytesReader
from worker.errors import MediaError, SourceError, WorkerError
from worker.geometry.shapes import Box
from worker.ports import OpenMedium
from worker.sandbox.decoder import SandboxedDecoder
from worker.sources.local import LocalSource

MIB = 1 << 20


@pytest.fixture
def decoder() -> Iterator[SandboxedDecoder]:
    made = SandboxedDecoder(frame_timeout_s=20)
    yield made
    made.close()


def cover(decoder: SandboxedDecoder, path: Path) -> OpenMedium:
    """Open, show and close a file."""
    reader = LocalSource(max_bytes=64 * MIB).open(path)
    try:
        medium = decoder.open(reader, needed_px=64)
        medium.view(medium.frame("first"), Box(0, 0, 100, 100), 64, 64)
        medium.close()
    finally:
        reader.close()
    return medium


def kill(pid: int) -> None:
    """End a child from outside, as the system does when memory runs out; it is dead on return."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def open_descriptors() -> int:
    """Those of this process, without what other tests have left to the garbage collector.

    Nor those of the network, which children have none of: servers of other tests close idle ones.
    """
    gc.collect()
    process = psutil.Process()
    return process.num_fds() - len(process.net_connections("inet"))


def stopped(decoder: SandboxedDecoder) -> int:
    """Stop the working child, as if it hung in a decoder."""
    pid = decoder.pids[0]
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_one_child_serves_many_media(decoder: SandboxedDecoder, clip: Path, photo: Path) -> None:
    pid = decoder.pids[0]

    for path in (clip, photo, clip):
        cover(decoder, path)

    assert decoder.pids[0] == pid


def test_two_media_can_be_open_at_once(decoder: SandboxedDecoder, clip: Path, photo: Path) -> None:
    media = [decoder.open(BytesReader(p.read_bytes()), needed_px=None) for p in (clip, photo)]

    frames = [medium.frame("first") for medium in media]

    assert [medium.info.kind for medium in media] == ["video", "image"]
    for medium, frame in zip(media, frames, strict=True):
        assert medium.view(frame, Box(0, 0, 50, 50), 5, 5).pixels.nbytes == 75
        medium.close()


def test_a_spare_waits_from_the_second_medium_on(decoder: SandboxedDecoder, photo: Path) -> None:
    cover(decoder, photo)
    assert len(decoder.pids) == 1

    cover(decoder, photo)
    assert len(decoder.pids) == 2


def test_a_child_that_hangs_is_killed_and_replaced(photo: Path) -> None:
    decoder = SandboxedDecoder(frame_timeout_s=0.3)
    cover(decoder, photo)
    medium = decoder.open(BytesReader(photo.read_bytes()), needed_px=64)
    spare = decoder.pids[1]
    hung = stopped(decoder)
    began_s = time.monotonic()

    with pytest.raises(MediaError) as caught:
        medium.frame("first")

    assert caught.value.code == "media.decode_timeout"
    assert time.monotonic() - began_s < 2
    assert not psutil.pid_exists(hung)
    cover(decoder, photo)
    assert decoder.pids[0] == spare
    decoder.close()


@pytest.mark.parametrize(
    "which",
    [
        pytest.param([0], id="the-working-one"),
        pytest.param([1], id="the-spare"),
        pytest.param([0, 1], id="both"),
    ],
)
def test_children_that_die_while_idle_cost_no_medium(
    decoder: SandboxedDecoder, photo: Path, which: list[int]
) -> None:
    cover(decoder, photo)
    cover(decoder, photo)
    before, descriptors = decoder.pids, open_descriptors()
    for index in which:
        kill(before[index])

    for _ in range(3):
        assert cover(decoder, photo).info.kind == "image"

    assert len(decoder.pids) == 2
    assert {before[index] for index in which}.isdisjoint(decoder.pids)
    assert open_descriptors() == descriptors


def test_a_spare_that_died_does_not_stand_in(decoder: SandboxedDecoder, photo: Path) -> None:
    cover(decoder, photo)
    medium = decoder.open(BytesReader(photo.read_bytes()), needed_px=64)
    working, spare = decoder.pids
    kill(spare)
    kill(working)
    with pytest.raises(MediaError):
        medium.frame("first")

    assert cover(decoder, photo).info.kind == "image"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_child_that_dies_is_replaced(
    decoder: SandboxedDecoder, photo: Path, number: signal.Signals
) -> None:
    medium = decoder.open(BytesReader(photo.read_bytes()), needed_px=64)
    died = decoder.pids[0]
    os.kill(died, number)

    with pytest.raises(MediaError) as caught:
        medium.frame("first")

    assert caught.value.code == "media.decoder_crashed"
    with pytest.raises(MediaError):
        medium.frame("first")
    medium.close()
    cover(decoder, photo)
    assert decoder.pids[0] != died


def test_the_deadline_stands_still_while_bytes_are_fetched(photo: Path) -> None:
    decoder = SandboxedDecoder(frame_timeout_s=0.5)
    cover(decoder, photo)
    slow = BytesReader(photo.read_bytes(), delay_s=0.7)

    medium = decoder.open(slow, needed_px=64)

    assert slow.requests > 0
    assert medium.frame("first").index == 0
    decoder.close()


def test_an_error_in_the_parent_ends_the_request_and_its_child(
    decoder: SandboxedDecoder, photo: Path
) -> None:
    """An interrupted request must not leave an answer for the next one to find."""

    class Interrupted(BytesReader):
        def read(self, offset: int, length: int) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decoder.open(Interrupted(photo.read_bytes()), needed_px=64)

    cover(decoder, photo)


def test_views_are_sealed_and_cannot_be_written(decoder: SandboxedDecoder, photo: Path) -> None:
    medium = decoder.open(BytesReader(photo.read_bytes()), needed_px=64)

    view = medium.view(medium.frame("first"), Box(0, 0, 100, 100), 10, 10)

    assert view.pixels.readonly
    medium.close()


def test_a_local_file_is_read_by_the_child_within_the_cap(photo: Path) -> None:
    decoder = SandboxedDecoder(max_bytes=1000)
    reader = LocalSource(max_bytes=64 * MIB).open(photo)

    with pytest.raises(SourceError) as caught:
        decoder.open(reader, needed_px=64)

    assert caught.value.code == "source.too_large"
    assert reader.bytes_read == 0
    reader.close()
    decoder.close()


@pytest.mark.parametrize("medium", ["photo", "clip"])
def test_no_byte_of_a_medium_counts_twice(
    decoder: SandboxedDecoder, request: pytest.FixtureRequest, medium: str
) -> None:
    path: Path = request.getfixturevalue(medium)

    info = cover(decoder, path).info

    assert info.bytes_read == info.bytes_total == path.stat().st_size


def test_nothing_is_left_behind(photo: Path, clip: Path) -> None:
    before = open_descriptors()
    decoder = SandboxedDecoder(frame_timeout_s=20)
    for _ in range(25):
        cover(decoder, photo)
        cover(decoder, clip)
    after_fifty = open_descriptors()
    for _ in range(3):
        kill(decoder.pids[0])
        cover(decoder, photo)
    cover(decoder, photo)

    assert open_descriptors() == after_fifty
    assert after_fifty <= before + 4
    child = psutil.Process(decoder.pids[0])
    assert child.num_fds() <= 6
    children = psutil.Process().children()
    assert not [c for c in children if c.status() == psutil.STATUS_ZOMBIE]
    pids = decoder.pids
    decoder.close()
    assert open_descriptors() == before
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_twice_is_harmless(decoder: SandboxedDecoder) -> None:
    decoder.close()
    decoder.close()

    assert decoder.pids == ()


def test_a_child_that_never_gets_ready_is_an_error_of_ours() -> None:
    decoder = SandboxedDecoder(background="no colour")

    with pytest.raises(WorkerError, match="does not start"):
        decoder.open(BytesReader(b"x"), needed_px=None)
    decoder.close()


def test_it_can_be_used_from_a_thread_that_lives_on(photo: Path) -> None:
    done: list[str] = []

    def work() -> None:
        decoder = SandboxedDecoder()
        done.append(cover(decoder, photo).info.kind)
        decoder.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == ["image"]
