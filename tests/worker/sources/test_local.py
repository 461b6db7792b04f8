import os
import socket
from pathlib import Path

import pytest

from worker.errors import SourceError
from worker.sources.local import LocalSource

SOURCE = LocalSource(max_bytes=1_000_000)


def failure(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        SOURCE.open(path)
    return caught.value


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    error = failure(pipe)

    assert error.code == "source.unreadable"
    assert error.message == "The source is a named pipe, not a regular file."


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))

        assert failure(tmp_path / "socket").code == "source.unreadable"


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/", "source.unreadable", "a directory"),
        ("/dev/zero", "source.unreadable", "a device"),
        ("/dev/null", "source.unreadable", "a device"),
        ("/etc/passwd/clip.mp4", "source.not_found", ""),
        ("/no/such/clip.mp4", "source.not_found", ""),
        ("", "source.unreadable", "a directory"),
        ("clip\x00.mp4", "source.not_found", ""),
        ("/" + "a" * 5000, "source.unreadable", ""),
    ],
    ids=["folder", "endless", "null", "below-a-file", "missing", "empty", "zero-byte", "long"],
)
def test_what_is_no_regular_file_is_told(path: str, code: str, words: str) -> None:
    error = failure(Path(path))

    assert error.code == code
    assert words in error.message


def test_a_loop_of_links_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert failure(tmp_path / "loop").code == "source.unreadable"


def test_a_file_of_somebody_else_is_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    tmp_path.chmod(0o755)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        try:
            SOURCE.open(path)
        except SourceError as error:
            os._exit(0 if error.code == "source.forbidden" else 1)
        os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_shrinks_while_it_is_read_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(1000))
    reader = SOURCE.open(path)
    path.write_bytes(bytes(10))

    with pytest.raises(SourceError) as caught:
        reader.read(0, 1000)

    reader.close()
    assert caught.value.code == "source.changed"


def test_a_reader_that_is_closed_reads_no_more(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"x")
    reader = SOURCE.open(path)
    reader.close()

    assert reader.descriptor() is None
    with pytest.raises(SourceError):
        reader.read(0, 1)


def test_the_label_is_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)

    reader = SOURCE.open(Path("clip.mp4"))

    reader.close()
    assert reader.label == "clip.mp4"
    assert reader.fingerprint is not None
    assert reader.fingerprint.startswith(str(tmp_path / "clip.mp4"))


def test_a_refused_file_is_closed_again(tmp_path: Path) -> None:
    for _ in range(5):
        failure(tmp_path)

    opened = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    assert str(tmp_path) not in opened
