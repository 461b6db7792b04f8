"""The HTTP side as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

import structlog
from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from api import documents, errors, unbuilt
from api.access import AccessLog
from api.browsers import AnyPage, BrowserGuard, names_of
from api.dialects.alibaba.app import make_dialect as make_alibaba
from api.dialects.alibaba.wire import Door as AlibabaDoor
from api.dialects.huawei_vod.app import make_dialect as make_huawei_vod
from api.dialects.huawei_vod.wire import Door as HuaweiDoor
from api.dialects.tencent_smh.app import PREFIX, make_dialect
from api.dialects.tencent_smh.wire import Door
from api.following import Follower
from api.parts import tenant_of
from api.release import connect
from api.routes import (
    choices,
    covers,
    events,
    health,
    images,
    jobs,
    library_objects,
    media,
    notices,
    objects,
    records,
    snapshots,
    uploads,
    watches,
)
from api.spool import remove_leftovers
from api.subscribers import Subscribers
from api.waiting import Waiters
from worker import wiring
from worker.settings import Settings

log = structlog.get_logger("firstframe.api")


def make_app(settings: Settings) -> FastAPI:
    """The application over the Redis and the store that the settings name.

    `/docs` is FastAPI's page; the browser that shows it fetches its scripts from a public CDN.
    """
    app = FastAPI(
        title="Firstframe",
        version=version("firstframe"),
        description=documents.DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.state = wiring.state(settings, timeout_s=settings.api.redis_timeout_s)
    app.state.store = wiring.store(settings)
    app.state.library = wiring.library(settings)
    app.state.sights = wiring.async_sights(settings, timeout_s=settings.api.redis_timeout_s)
    app.state.callers = wiring.callers(settings, timeout_s=settings.api.redis_timeout_s)
    app.state.waiters = Waiters()
    app.state.subscribers = Subscribers()
    rooms = (covers, snapshots, choices, uploads, jobs, events, media, images)
    for room in (*rooms, records, notices, watches):
        app.include_router(room.router, dependencies=[Depends(tenant_of)])
    app.include_router(health.router)
    if app.state.store.served_here:
        app.include_router(objects.router)
    if app.state.library.served_here:
        app.include_router(library_objects.router)
    unbuilt.install(app)
    errors.install(app)
    documents.install(app)
    app.add_middleware(AnyPage, prefixes=("/objects/", "/library-objects/"))
    app.add_middleware(BrowserGuard, names=names_of(settings.api))
    alibaba, stall_timeout_s = make_alibaba(app.state), settings.api.stall_timeout_s
    app.add_middleware(AlibabaDoor, inside=alibaba, stall_timeout_s=stall_timeout_s)
    app.add_middleware(Door, prefix=PREFIX, inside=make_dialect(app.state))
    app.add_middleware(HuaweiDoor, inside=make_huawei_vod(app.state))
    app.add_middleware(AccessLog)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    if settings.api.open and not settings.api.hosts:
        log.warning("the open API answers under any name", setting="api.hosts")
    listeners = (app.state.waiters, app.state.subscribers)
    follower = Follower(settings.redis.url.get_secret_value(), listeners)
    following = asyncio.create_task(follower.run())
    await run_in_threadpool(remove_leftovers, settings.api.spool_folder)
    await run_in_threadpool(connect, app.state.state.lanes)
    try:
        yield
    finally:
        app.state.waiters.close()
        app.state.subscribers.close()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await app.state.sights.close()
        await app.state.callers.close()
