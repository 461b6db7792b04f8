import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from worker.sandbox.decoder import SandboxedDecoder
from worker.sources.local import LocalSource

# A parent that starts a decode child, tells its pid, and waits.
PARENT = """
import sys, time
from worker.sandbox.decoder import SandboxedDecoder
decoder = SandboxedDecoder()
print(decoder.pids[0], flush=True)
time.sleep(60)
"""


def gone(pid: int, within_s: float = 5) -> bool:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("warm", [False, True], ids=["while-it-starts", "when-it-is-ready"])
def test_the_child_dies_with_its_parent(warm: bool) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    if warm:
        time.sleep(1.5)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert gone(child)


def test_the_child_inherits_nothing_it_should_not_have(tmp_path: Path) -> None:
    secret = tmp_path / "open-in-the-parent"
    os.environ["FIRSTFRAME_STORE__SECRET_KEY"] = "canary"
    try:
        with secret.open("w"):
            decoder = SandboxedDecoder()
            process = psutil.Process(decoder.pids[0])
            time.sleep(0.3)
            environment = process.environ()
            links = [str(Path(f"/proc/{process.pid}/fd/{n}").readlink()) for n in (0, 1)]
            names = {file.path for file in process.open_files()}
    finally:
        del os.environ["FIRSTFRAME_STORE__SECRET_KEY"]

    assert not [name for name in environment if name.startswith("FIRSTFRAME")]
    assert "HOME" not in environment
    assert links == ["/dev/null", "/dev/null"]
    assert str(secret) not in names
    decoder.close()


def test_ctrl_c_in_the_terminal_is_the_parents_business(photo: Path) -> None:
    decoder = SandboxedDecoder()
    pid = decoder.pids[0]
    with closing(LocalSource(max_bytes=photo.stat().st_size).open(photo)) as reader:
        decoder.open(reader, needed_px=64).close()

    assert os.getpgid(pid) != os.getpgid(0)
    os.kill(pid, signal.SIGINT)

    assert not gone(pid, within_s=0.3)
    decoder.close()
    assert gone(pid)
