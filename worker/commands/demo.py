"""`firstframe demo`: an instance, media of its own, what HTTP makes of them, checked and shown."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import httpx2
import typer
from rich.console import Console
from rich.progress import Progress

from worker.commands.demo_account import callbacks, draw_account, keep_account, profiles
from worker.commands.demo_fetch import WAIT_S, fetch, finished
from worker.commands.demo_film import FILM, make_film
from worker.commands.demo_media import SAMPLES, Sample, make_media
from worker.commands.demo_receiver import receiving
from worker.commands.demo_recorded import Recorded, ledger_line
from worker.commands.demo_records import Courier, record_at
from worker.commands.demo_sheet import Row, write_sheet
from worker.commands.demo_story import Story, story_note, tell_story
from worker.commands.demo_vendors import VENDORS, clients_of
from worker.commands.instance import LOOPBACK, free_port
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

    One of them, a film, also gets a storyboard, a moving preview and candidates for its cover. The
    covers of three are recorded at the APIs of Huawei VOD, Alibaba MPS and Alibaba VOD, which the
    instance itself serves, and read back there.

    Exit status: 0 only if everything was right.
    """
    Settings.read()
    out_dir.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    console.print("making media ...")
    make_media(out_dir / "media")
    make_film(out_dir / "media" / FILM.file)
    console.print("starting an instance ...")
    with opened(out_dir / "data") as courier:
        rows, story, covers, mistakes = show(courier, out_dir, console)
    page, picture = write_sheet(rows, story, out_dir, covers)
    sys.stdout.write(f"contact sheet: {page} and {picture}\n")
    for mistake in mistakes:
        sys.stderr.write(f"wrong: {mistake}\n")
    raise typer.Exit(1 if mistakes else 0)


@contextmanager
def opened(data: Path, *options: str) -> Iterator[Courier]:
    """An instance whose settings know itself as each of the three vendors, and its clients."""
    account, base_url = draw_account(), f"http://{LOOPBACK}:{free_port(LOOPBACK)}"
    with receiving() as receiver:
        variables = {**profiles(account, base_url), **callbacks(receiver.secret)}
        port = base_url.rpartition(":")[2]
        with (
            instance(data, "--port", port, *options, variables=variables),
            clients_of(account, base_url) as vendors,
            httpx2.Client(base_url=base_url, timeout=WAIT_S + 10, trust_env=False) as client,
        ):
            keep_account(account, data)
            yield Courier(client, vendors, receiver)


@contextmanager
def instance(
    data: Path, *options: str, variables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, int]]:
    """An instance on free ports, stopped at the end; gives base URL and process id.

    `variables` of its environment come beside ours.
    """
    command = [sys.executable, "-m", "worker.commands", "up", "--port", "0", *options]
    command += ["--data", str(data)]
    log = data.with_suffix(".log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **variables}
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


def show(
    courier: Courier, folder: Path, console: Console
) -> tuple[list[Row], Story | None, list[Recorded], list[str]]:
    """Cover the samples, tell the film, record covers; gives what came of it and what is wrong."""
    rows, covers, mistakes = [], [], []
    jobs: dict[str, str] = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for sample in progress.track((*SAMPLES, FILM), description="covers"):
            row, wrong = cover_sample(courier.client, sample, folder)
            rows.append(row)
            jobs[sample.file] = row.job
            mistakes += _said(sample.file, row.note, wrong)
    story, wrong = tell_story(courier.client, folder / "media" / FILM.file, folder)
    mistakes += _said(FILM.file, story_note(story), wrong)
    for vendor in VENDORS:
        cover, wrong = record_at(courier, vendor, jobs[vendor.file], folder)
        covers += [cover] if cover else []
        mistakes += _said(vendor.name, ledger_line(cover) if cover else "no cover", wrong)
    return rows, story, covers, mistakes


def _said(name: str, note: str, wrong: list[str]) -> list[str]:
    """Say in a line what came of a part of the demo; gives what was wrong with it."""
    sys.stdout.write(f"{'WRONG' if wrong else 'ok':5} {name:15} {note}\n")
    return wrong


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
        return Row(title, None, None, None, note, job["id"]), wrong
    if job["status"] != "succeeded":
        note = f"{job['status']}: {job['error']}"
        return Row(title, None, None, None, note, job["id"]), [f"{sample.file}: {note}"]
    result = CoverResult.model_validate(job["result"])
    whole = CoverResult.model_validate(
        finished(client, "/v1/covers", {"source": {"upload": upload}})["result"]
    )
    cover, wrong = fetch(client, result.covers[0], out_dir / f"{sample.file}-{SIZE_PX}.jpg")
    frame, more = fetch(client, whole.covers[0], out_dir / f"{sample.file}-frame.jpg")
    wrong += more + check(result, cover, sample)
    crop = result.crop
    note = f"{crop.rule if crop else None}, {result.timings_ms.total:.0f} ms"
    return Row(title, result, frame, cover, note, job["id"]), [
        f"{sample.file}: {text}" for text in wrong
    ]


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
