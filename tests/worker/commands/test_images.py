"""`firstframe images` as operators call it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, key_of
from worker.commands.images import images


class Curator(Gallery):
    """Somebody with a settings file, over a gallery."""

    def __init__(self, parts: Parts, redis_url: str, folder: Path) -> None:
        objects = folder / "objects"
        objects.mkdir()
        super().__init__(parts, objects)
        self._config = folder / "firstframe.toml"
        self._text = f'[redis]\nurl = "{redis_url}"\n[store]\nfolder = "{objects}"\n[catalogue]\n'
        self.set("grace_s = 0")

    def set(self, *lines: str) -> None:
        """The settings of the catalogue."""
        self._config.write_text(self._text + "\n".join(lines))

    def run(self, *arguments: str) -> Result:
        environment = {"FIRSTFRAME_CONFIG": str(self._config)}
        return CliRunner().invoke(images, arguments, env=environment)


@pytest.fixture
def curator(one_redis_url: str, tmp_path: Path) -> Iterator[Curator]:
    parts = Parts(one_redis_url)
    parts.slots(10)
    yield Curator(parts, one_redis_url, tmp_path)
    parts.redis.close()


def test_without_a_setting_no_picture_goes(curator: Curator) -> None:
    _, image = curator.made(key_of(1))

    done = curator.run("sweep")

    assert (done.exit_code, done.stdout) == (0, "nothing removed\n")
    assert curator.images.read("ann", image)


def test_a_dry_run_tells_what_a_sweep_then_removes(curator: Curator) -> None:
    _, image = curator.made(key_of(1))
    curator.forget_jobs()
    curator.set("grace_s = 0", "keep_cover_s = 0.001")

    planned = curator.run("sweep", "--dry-run", "-v").stdout
    still_there = curator.images.read("ann", image)
    done = curator.run("sweep").stdout

    assert planned == (
        f"CoverSnapshot {image} 1000\nCoverSnapshot: 1 would be removed, 1000 bytes\n"
    )
    assert still_there
    assert done == "CoverSnapshot: 1 removed, 1000 bytes\nobject: 1 removed, 7 bytes\n"
    assert curator.images.read("ann", image) is None
    assert not curator.is_stored(key_of(1))


def test_as_json_each_line_is_one_that_goes(curator: Curator) -> None:
    _, image = curator.made(key_of(1))
    curator.set("grace_s = 3600", "keep_cover_s = 0.001")

    done = curator.run("sweep", "--json")

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told == [{"kind": "CoverSnapshot", "name": image, "bytes": 1000}]
    assert curator.is_stored(key_of(1))


def test_a_lost_catalogue_is_made_anew(curator: Curator) -> None:
    job, _ = curator.made(key_of(1))
    before = curator.record(job)
    curator.parts.redis.flushdb()

    done = curator.run("rebuild")

    assert (done.exit_code, done.stdout) == (0, "1 pictures and 1 media added, 0 were known\n")
    assert curator.record(job) == before
    assert curator.run("rebuild").stdout == "0 pictures and 0 media added, 2 were known\n"


def test_objects_of_nobody_are_left_alone_unless_it_is_said(curator: Curator) -> None:
    curator.store.put(key_of(2), b"older", content_type="image/jpeg")

    told = curator.run("rebuild").stdout
    assert "1 objects (5 bytes) of nobody: left alone; --unknown" in told
    curator.run("sweep")
    assert curator.is_stored(key_of(2))
    assert "of nobody: left to the sweep" in curator.run("rebuild", "--unknown").stdout
    assert curator.run("sweep").stdout == "object: 1 removed, 5 bytes\n"

    assert not curator.is_stored(key_of(2))


def test_documents_that_are_of_no_use_are_told(curator: Curator) -> None:
    curator.made(key_of(1))
    curator.store.delete(key_of(1))
    key = "catalogue/ann/images/00/" + "0" * 32 + ".json"
    curator.store.put(key, b"{", content_type="application/json")
    curator.parts.redis.flushdb()

    told = curator.run("rebuild").stdout

    assert "1 documents left alone: without their picture" in told
    assert "1 documents left alone: damaged" in told


@pytest.mark.parametrize("command", ["sweep", "rebuild"])
def test_a_failure_is_one_line(curator: Curator, tmp_path: Path, command: str) -> None:
    curator.made(key_of(1))
    curator.set("keep_cover_s = 0.001")
    (tmp_path / "objects").rename(tmp_path / "away")

    done = curator.run(command)

    assert "storage.misconfigured" in done.stderr
    assert (done.exit_code, done.stdout) == (1, "")
