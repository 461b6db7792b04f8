"""The decode child: decodes for its parent, media after media, and dies with it.

Started with exec, never forked: `python -I -m worker.sandbox.child FD PARENT_PID OPTIONS`. After
it says `ready` it opens no file, makes no socket and starts no program.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys

from worker.ports import Decoder
from worker.registry import DECODERS, load
from worker.sandbox.channel import Channel, ChannelError
from worker.sandbox.samples import warm
from worker.sandbox.serving import Desk

_PR_SET_PDEATHSIG = 1
_STILL_OPTIONS = ("max_mpx", "max_scaled_jpeg_mpx", "background")


def die_with(parent_pid: int) -> None:
    """Have the kernel end this process when the thread that started it ends.

    Raises: SystemExit when the parent is gone already.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(0)


def main() -> None:
    """Get ready, then serve until the parent hangs up."""
    descriptor, parent_pid, text = sys.argv[1:]
    die_with(int(parent_pid))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = json.loads(text)
    decoders: dict[str, Decoder] = {
        "video": load(DECODERS, "video")(max_mpx=options["max_mpx"]),
        "still": load(DECODERS, "still")(**{name: options[name] for name in _STILL_OPTIONS}),
    }
    warm(decoders)
    # What is here now stays for life, so that looking for garbage after each medium is cheap.
    gc.collect()
    gc.freeze()
    channel = Channel(socket.socket(fileno=int(descriptor)), takes_descriptors=True)
    try:
        channel.send({"say": "ready"})
        Desk(channel, decoders).serve()
    except ChannelError:
        sys.exit(0)


if __name__ == "__main__":
    main()
