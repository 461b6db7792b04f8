"""`firstframe demo`: an instance, media of its own, what HTTP makes of them, checked and shown."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated, Final

import httpx2
import typer
from rich.console import Console
from rich.progress import Progress

from worker.commands.demo_fetch import WAIT_S, fetch, finished
from worker.commands.demo_film import FILM, make_film
from worker.commands.demo_media import SAMPLES, Sample, make_media
from worker.commands.demo_sheet import Row, write_sheet
from worker.commands.demo_story import story_note, tell_story
from worker.contracts.results import CoverResult
from worker.settings import Settings

SIZE_PX: Final = 256
STOP_S: Final = 60


def demo(
    out_dir: Annotated[Path, typer.Option(help="Where media, covers and the sheet go.")] = Path(
        "demo-out"
    ),
) -> None:
    """Start an instance on free ports, cover a few media through its API, check and show them.

    One of them, a film, also gets a storyboard, a moving preview and candidates for its cover.

    Exit status: 0 only if everything was right.
    """
    Settings.read()
    out_dir.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    console.print("making media ...")
    make_media(out_dir / "media")
    film = out_dir / "media" / FILM.file
    make_film(film)
    console.print("starting an instance ...")
    rows: list[Row] = []
    mistakes: list[str] = []
    with (
        instance(out_dir / "data") as (base_url, _),
        httpx2.Client(base_url=base_url, timeout=WAIT_S + 10, trust_env=False) as client,
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        for sample in progress.track((*SAMPLES, FILM), description="covers"):
            row, wrong = cover_sample(client, sample, out_dir)
            rows.append(row)
            mistakes += wrong
            sys.stdout.write(f"{'WRONG' if wrong else 'ok':5} {sample.file:15} {row.note}\n")
        story, wrong = tell_story(client, film, out_dir)
        mistakes += wrong
        sys.stdout.write(f"{'WRONG' if wrong else 'ok':5} {FILM.file:15} {story_note(story)}\n")
    page, picture = write_sheet(rows, story, out_dir)
    sys.stdout.write(f"contact sheet: {page} and {picture}\n")
    for mistake in mistakes:
        sys.stderr.write(f"wrong: {mistake}\n")
    raise typer.Exit(1 if mistakes else 0)


@contextmanager
def instance(data: Path, *options: str) -> Iterator[tuple[str, int]]:
    """An instance on free ports, stopped at the end; gives base URL and process id."""
    command = [sys.executable, "-m", "worker.commands", "up", "--port", "0", *options]
    command += ["--data", str(data)]
    log = data.with_suffix(".log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ}
        ) as process,
    ):
        try:
            word, _, base_url = (process.stdout or BytesIO()).readline().decode().partition(" ")
            if word != "ready":
                sys.stderr.write(f"the instance did not start; its log is {log}\n")
                raise typer.Exit(1)
            yield base_url.strip(), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)


def cover_sample(client: httpx2.Client, sample: Sample, out_dir: Path) -> tuple[Row, list[str]]:
    """Upload a sample, have it covered, fetch what came of it; gives its row and what is wrong."""
    data = (out_dir / "media" / sample.file).read_bytes()
    upload = client.post("/v1/uploads", content=data).raise_for_status().json()["upload"]
    job = finished(client, "/v1/covers", {"source": {"upload": upload}, "sizes": [SIZE_PX]})
    title = f"{sample.file}: {sample.shows}"
    if sample.error:
        code = (job["error"] or {}).get("code")
        wrong = [] if code == sample.error else [f"{sample.file}: {code}, not {sample.error}"]
        note = f"{'ended with' if wrong else 'fails, as it should:'} {code}"
        return Row(title, None, None, None, note), wrong
    if job["status"] != "succeeded":
        note = f"{job['status']}: {job['error']}"
        return Row(title, None, None, None, note), [f"{sample.file}: {note}"]
    result = CoverResult.model_validate(job["result"])
    whole = CoverResult.model_validate(
        finished(client, "/v1/covers", {"source": {"upload": upload}})["result"]
    )
    cover, wrong = fetch(client, result.covers[0], out_dir / f"{sample.file}-{SIZE_PX}.jpg")
    frame, more = fetch(client, whole.covers[0], out_dir / f"{sample.file}-frame.jpg")
    wrong += more + check(result, cover, sample)
    crop = result.crop
    note = f"{crop.rule if crop else None}, {result.timings_ms.total:.0f} ms"
    return Row(title, result, frame, cover, note), [f"{sample.file}: {text}" for text in wrong]


def check(result: CoverResult, cover: Path, sample: Sample) -> list[str]:
    """What is not right about a cover: its size, its rule, a face that was cut."""
    from PIL import Image

    wrong = []
    with Image.open(cover) as picture:
        if picture.size != (SIZE_PX, SIZE_PX):
            wrong.append(f"the cover is {picture.size}")
    if result.crop is None or result.crop.rule != sample.rule:
        wrong.append(f"the crop's rule is {result.crop and result.crop.rule}, not {sample.rule}")
    elif sample.rule == "faces" and result.crop.faces_kept < 1:
        wrong.append("no face was kept whole")
    return wrong
