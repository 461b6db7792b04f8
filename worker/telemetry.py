"""Logs: one JSON object a line on standard error, or plain text for people."""

import logging
import sys
from contextlib import nullcontext, suppress
from functools import partial
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from worker.settings import LogSettings

# Libraries that tell at `info` what concerns only themselves.
_QUIET: Final = (
    "celery",
    "kombu",
    "multiprocessing",
    "httpx2",
    "httpcore2",
    "urllib3",
    "matplotlib",
)


def start_logging(settings: LogSettings) -> None:
    """Send this process's logs, those of structlog and of the standard library, to one place."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered = _rendered(settings)
    handler = logging.StreamHandler(sys.stderr)
    # Lines of ours go past the standard library, whose records cost more than all else of a line.
    structlog.configure(
        processors=[*shared, *rendered],
        logger_factory=partial(_Lines, handler),
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        cache_logger_on_first_use=True,
    )
    handler.setFormatter(_formatter(shared, rendered))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = settings.level.upper()
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "DEBUG" else "WARNING")


def _without_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Uvicorn adds to its lines the same text once more, with a terminal's colours in it."""
    event.pop("color_message", None)
    return event


def _rendered(settings: LogSettings) -> list[Processor]:
    """The last steps of a line: to JSON, or to text for people."""
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Not rich's: it shows the locals of every frame, and with them tokens and secrets.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _formatter(shared: list[Processor], rendered: list[Processor]) -> logging.Formatter:
    """The same line from a record of the standard library."""
    own: list[Processor] = [structlog.stdlib.ExtraAdder(), _without_colours]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, *own],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )


class _Lines:
    """Writes whole lines where a handler does, one at a time with it, also after a fork."""

    def __init__(self, handler: "logging.StreamHandler[TextIO]", name: str = "") -> None:
        self._handler = handler
        self.name = name

    def msg(self, line: str) -> None:
        """Write it; where that fails no work does."""
        with self._handler.lock or nullcontext(), suppress(OSError, ValueError):
            self._handler.stream.write(f"{line}\n")
            self._handler.stream.flush()

    debug = info = warning = error = critical = msg
