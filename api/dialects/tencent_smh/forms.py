"""JSON bodies as the vendor's clients send them: absent, empty, or with a form's content type."""

import json
from typing import Any, Final

from fastapi import Request

from api.bodies import read_bytes, refuse_encoding
from api.dialects.tencent_smh.errors import RefusalError
from worker.settings import ApiSettings

MAX_TEXT_BYTES: Final = 256


async def read_object(request: Request, settings: ApiSettings) -> dict[str, Any]:
    """The body as a JSON object, empty for none; the content type is not asked for.

    One client sends its empty bodies as a form. Raises: RefusalError `BadRequest`, RequestError
    for a body that is too large or stops coming.
    """
    refuse_encoding(request)
    data = await read_bytes(request, settings.max_body_bytes, settings.stall_timeout_s)
    if not data.strip():
        return {}
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RefusalError("BadRequest", "The body is not JSON.") from error
    if not isinstance(told, dict):
        raise RefusalError("BadRequest", "The body is a JSON object, or empty.")
    return told


def text_of(told: object, name: str) -> str:
    """A field's text; empty where it is absent. Raises: RefusalError `ParamInvalid`."""
    if told is None:
        return ""
    try:
        if isinstance(told, str) and told.encode() is not None:
            return told
    except UnicodeEncodeError as error:
        raise RefusalError("ParamInvalid", f"{name} is no text that UTF-8 can write.") from error
    raise RefusalError("ParamInvalid", f"{name} is a text.")


def short(text: str | None, name: str) -> str | None:
    """A label that is kept with every version: None for an empty one.

    Raises: RefusalError `ParamInvalid` for one that takes too much room there.
    """
    if text and len(json.dumps(text)) > MAX_TEXT_BYTES:
        raise RefusalError("ParamInvalid", f"{name} has {MAX_TEXT_BYTES} bytes at most.")
    return text or None


def flag_of(told: dict[str, Any], *names: str) -> bool | None:
    """A boolean under the first of its spellings that is there; None for none.

    Raises: RefusalError `ParamInvalid`.
    """
    for name in names:
        value = told.get(name)
        if value is not None:
            if not isinstance(value, bool):
                raise RefusalError("ParamInvalid", f"{name} is true or false.")
            return value
    return None
