"""The border where errors of picture and video libraries become `media.*`."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.errors import CoverError, MediaError

Kinds = tuple[type[Exception], ...]


@contextmanager
def media_errors(stage: str, *, unsupported: Kinds, damage: Kinds) -> Iterator[None]:
    """Raises: MediaError. `unsupported` is looked at first; messages and classes tell no more."""
    try:
        yield
    except CoverError:
        raise
    except MemoryError as error:
        raise MediaError("media.resource_limit", stage=stage) from error
    except unsupported as error:
        raise MediaError("media.unsupported_codec", stage=stage) from error
    except damage as error:
        raise MediaError("media.corrupt", stage=stage) from error
