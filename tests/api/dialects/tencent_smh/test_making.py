"""Covers that are made while callers wait: one job for all, bounded time, told failures."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import Shop
from worker import wiring
from worker.errors import MediaError
from worker.rules.catalogue import image_id
from worker.settings import Settings

CALLERS = 100


@pytest.fixture
def hasty(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A server that lets nobody wait for long."""
    libraries = settings.libraries.model_copy(update={"cover_wait_s": 0.3})
    served = serve(settings.model_copy(update={"libraries": libraries}))
    with httpx2.Client(base_url=f"{served.url}/api/v1", timeout=10) as opened:
        yield opened


def _path(shop: Shop, size: int = 64) -> str:
    return f"/album/smh1/-/cover?size={size}&access_token={shop.token()}"


async def _all(served: Served, path: str, callers: int) -> list[httpx2.Response]:
    limits = httpx2.Limits(max_connections=callers)
    async with httpx2.AsyncClient(timeout=30, limits=limits) as client:
        return await asyncio.gather(
            *(client.get(f"{served.url}/api/v1{path}") for _ in range(callers))
        )


def test_a_hundred_callers_of_one_cover_make_one_job(
    served: Served, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)
    cook.start()

    answers = asyncio.run(_all(served, _path(shop), CALLERS))

    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["location"].partition("?")[0] for answer in answers}) == 1
    assert len(cook.jobs()) == 1


def test_a_repeated_call_makes_no_job_even_at_another_server(
    api: httpx2.Client,
    shop: Shop,
    cook: Cook,
    photo: Path,
    settings: Settings,
    serve: Callable[[Settings], Served],
) -> None:
    shop.put(shop.library(), "a.jpg", photo)
    cook.start()
    first = api.get(_path(shop))
    cook.stop()

    again = api.get(_path(shop))
    elsewhere = httpx2.get(f"{serve(settings).url}/api/v1{_path(shop)}")

    keys = {each.headers["location"].partition("?")[0] for each in (first, again, elsewhere)}
    assert len(keys) == 1
    assert len(cook.jobs()) == 1


def test_sizes_are_covers_of_their_own(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)
    cook.start()

    assert api.get(_path(shop, 64)).status_code == 302
    assert api.get(_path(shop, 65)).status_code == 302

    assert len(cook.jobs()) == 2


def test_a_cover_that_is_being_made_is_told_as_uploading(
    hasty: httpx2.Client, shop: Shop, cook: Cook, photo: Path, settings: Settings
) -> None:
    shop.put(shop.library(), "a.jpg", photo)

    hasty.get(_path(shop))

    job = cook.next_job()
    images = wiring.state(settings, timeout_s=5).images
    told = images.read(job.tenant, image_id(job.id, "covers/64"))
    assert told
    assert (told.status, told.of_library) == ("Uploading", True)


def test_nobody_waits_longer_than_the_settings_say(
    hasty: httpx2.Client, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)

    answer = hasty.get(_path(shop))

    assert code_of(answer) == (503, "ServerOverloaded")
    assert int(answer.headers["retry-after"]) >= 1
    assert 0.3 <= answer.elapsed.total_seconds() < 2
    cook.make(cook.next_job())
    assert hasty.get(_path(shop)).status_code == 302
    assert len(cook.jobs()) == 1


def test_a_cover_that_comes_in_time_is_waited_for(
    served: Served, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)

    async def ask() -> httpx2.Response:
        asking = asyncio.create_task(_all(served, _path(shop), 1))
        job = await asyncio.to_thread(cook.next_job)
        await asyncio.sleep(0.3)
        assert not asking.done()
        await asyncio.to_thread(cook.make, job)
        return (await asking)[0]

    assert asyncio.run(ask()).status_code == 302


def test_a_failure_is_told_to_all_and_not_tried_for_each(
    served: Served, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)

    async def ask() -> list[httpx2.Response]:
        asking = asyncio.create_task(_all(served, _path(shop), 5))
        job = await asyncio.to_thread(cook.next_job)
        await asyncio.to_thread(cook.claim(job).fail, MediaError("media.corrupt"))
        return await asking

    for answer in [*asyncio.run(ask()), httpx2.get(f"{served.url}/api/v1{_path(shop)}")]:
        assert code_of(answer) == (500, "InternalServerError")
        assert "media.corrupt" in answer.json()["message"]
    assert len(cook.jobs()) == 1


def test_many_waiting_callers_leave_the_server_free(
    served: Served, api: httpx2.Client, shop: Shop, cook: Cook, photo: Path
) -> None:
    shop.put(shop.library(), "a.jpg", photo)

    async def ask() -> tuple[float, list[httpx2.Response]]:
        asking = asyncio.create_task(_all(served, _path(shop), CALLERS))
        job = await asyncio.to_thread(cook.next_job)
        began_s = time.monotonic()
        listed = await asyncio.to_thread(
            api.get, "/directory/smh1/-", params={"access_token": shop.token()}
        )
        took_s = time.monotonic() - began_s
        assert listed.status_code == 200
        await asyncio.to_thread(cook.make, job)
        return took_s, await asking

    took_s, answers = asyncio.run(ask())

    assert took_s < 2
    assert {answer.status_code for answer in answers} == {302}
