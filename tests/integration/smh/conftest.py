"""The served dialect of Tencent SMH as a whole: one server, and libraries that tests fill."""

from tests.api.conftest import serve, served, settings
from tests.api.dialects.tencent_smh.conftest import (
    api,
    blob,
    clerk,
    cook,
    shared,
    shop,
    story,
    uploader,
)

__all__ = [
    "api",
    "blob",
    "clerk",
    "cook",
    "serve",
    "served",
    "settings",
    "shared",
    "shop",
    "story",
    "uploader",
]
