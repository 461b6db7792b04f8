"""`firstframe smh` as operators call it, over a real Redis and real folders."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis
from typer.testing import CliRunner, Result

from worker import wiring
from worker.commands.program import app
from worker.commands.smh_parts import Records, records_of
from worker.settings import LibrarySettings, RedisSettings, Settings, StoreSettings


class Operator(NamedTuple):
    """Somebody with a settings file."""

    config: Path
    settings: Settings
    client: Redis

    def run(self, *arguments: str | Path, typed: str | None = None) -> Result:
        """The command within this process, which is as good and much quicker."""
        environment = {"FIRSTFRAME_CONFIG": str(self.config)}
        given = ["smh", *map(str, arguments)]
        return CliRunner().invoke(app, given, input=typed, env=environment)

    def process(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "worker.commands", "smh", *map(str, arguments)],
            env={**os.environ, "FIRSTFRAME_CONFIG": str(self.config)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def told(self, *arguments: str | Path, typed: str | None = None) -> list[dict[str, Any]]:
        """The lines of `--json` of a command that succeeds."""
        done = self.run(*arguments, "--json", typed=typed)
        assert done.exit_code == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, *arguments: str | Path, status: int = 1) -> str:
        """What a command says that ends with `status`, on standard error alone."""
        done = self.run(*arguments)
        assert (done.exit_code, done.stdout) == (status, ""), done.stderr
        return done.stderr

    def state(self) -> Records:
        return records_of(self.client)


@contextmanager
def operator(redis_url: str, folder: Path) -> Iterator[Operator]:
    """An operator of an instance with nothing in it."""
    settings = Settings.model_validate(
        {
            "redis": RedisSettings.model_validate({"url": redis_url}),
            "store": StoreSettings(folder=folder / "objects"),
            "libraries": LibrarySettings(folder=folder / "libraries"),
        }
    )
    lines = [f'[redis]\nurl = "{redis_url}"']
    folders = {"store": settings.store.folder, "libraries": settings.libraries.folder}
    for section, path in folders.items():
        path.mkdir()
        lines.append(f'[{section}]\nfolder = "{path}"')
    config = folder / "firstframe.toml"
    config.write_text("\n".join(lines))
    with wiring.redis_client(settings, timeout_s=5) as client:
        yield Operator(config, settings, client)
