"""What a test does when a service it needs is not on this machine."""

import os
from typing import NoReturn

import pytest


def missing(what: str, command: str) -> NoReturn:
    """Skip, naming the command that brings `what`; with CI=true fail instead."""
    text = f"{what} is missing; to bring it: {command}"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(text)
    pytest.skip(text)
