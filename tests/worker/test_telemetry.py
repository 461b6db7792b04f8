"""Whoever logs, it is one JSON object a line on standard error."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import structlog
from worker.settings import LogSettings
from worker.telemetry import start_logging

start_logging(LogSettings(level="info", format=FORMAT))
log = structlog.get_logger("worker.tasks")
log.info("job.succeeded", job="job_1")
log.debug("not told")
logging.getLogger("celery.worker").info("chatter")
logging.getLogger("worker.state").warning("no %s", "luck", extra={"item": "cover:1"})
logging.getLogger("uvicorn.error").info("served", extra={"color_message": "served in colours"})
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("job.bug", exc_info=error)
"""


FAILURE = """
import logging
import structlog
from worker.settings import LogSettings
from worker.telemetry import start_logging

def deep(token, *held):
    secret = "canary-" + token
    raise OSError("no disk")

def above(name):
    secret = {"password": "canary-" + name}
    deep(name, secret)

start_logging(LogSettings(level="info", format=FORMAT))
try:
    above("1")
except OSError as error:
    structlog.get_logger("worker.tasks").error("job.bug", exc_info=error)
    logging.getLogger("worker.state").error("failed", exc_info=error)
"""


def logged(form: str, program: str = PROGRAM) -> list[str]:
    program = program.replace("FORMAT", repr(form))
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_logs_of_both_kinds_are_json_lines_with_their_fields() -> None:
    lines = [json.loads(line) for line in logged("json")]

    told = [(line["level"], line["logger"], line["event"]) for line in lines]
    assert told == [
        ("info", "worker.tasks", "job.succeeded"),
        ("warning", "worker.state", "no luck"),
        ("info", "uvicorn.error", "served"),
        ("error", "worker.tasks", "job.bug"),
    ]
    assert lines[0]["job"] == "job_1"
    assert lines[1]["item"] == "cover:1"
    assert "color_message" not in lines[2]
    assert "ZeroDivisionError" in lines[3]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_people_may_have_text() -> None:
    lines = logged("text")

    assert "job.succeeded" in lines[0]
    assert "job=job_1" in lines[0]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_tells_where_it_happened_and_no_value(form: str) -> None:
    told = "\n".join(logged(form, FAILURE))

    assert told.count("OSError: no disk") == 2
    assert told.count("in deep") == 2
    assert "canary-1" not in told
