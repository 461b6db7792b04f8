"""Where canaries may be, with the reason of each; nowhere else."""

from typing import Final

from tests.e2e.canaries.scanning import Allowed

_FETCHED: Final = "a job has to fetch it"
_SENT: Final = "a notice has to be sent there"
_SET: Final = "a client of a vendor's API reads again what it set as a cover"
_OWN: Final = "an instance keeps its own secrets, mode 0600"

ALLOWED: Final = (
    Allowed("source *", "redis *", _FETCHED),
    Allowed("source *", "file redis/[ad]*", _FETCHED),
    Allowed("callback *", "redis *", _SENT),
    Allowed("callback *", "file redis/[ad]*", _SENT),
    Allowed("set by *", "redis *", _SET),
    Allowed("set by *", "file redis/[ad]*", _SET),
    Allowed("set by *", "file objects/catalogue", _SET),
    Allowed("set by *", "answer GET /v1/media/*", _SET),
    Allowed("set by *", "answer POST /", _SET),
    Allowed("upload link *", "answer PUT /v1.0/*/asset", "who asked for the link is told it"),
    Allowed("redis password", "file redis/redis.conf", "Redis reads it there, mode 0600"),
    Allowed("redis password", "file firstframe.toml", _OWN),
    Allowed("store link_secret", "file firstframe.toml", _OWN),
    Allowed("accounts.key", "file firstframe.toml", _OWN),
    Allowed("*", "environment of firstframe", "settings were given there, as operators may"),
)
