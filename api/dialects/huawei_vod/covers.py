"""`PUT /v1.0/{project_id}/asset/cover`: a picture's URL becomes the cover of the asset it names."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dialects.huawei_vod.calls import call_of, object_of, text_of

MOST_URL_BYTES: Final = 8192


async def set_cover(request: Request) -> Response:
    """204 once the cover is shown: one of our pictures, or a URL that is copied from now on.

    The call names no asset: it is that of our picture, else the one in the URL's path. Other fields
    are passed over, as the vendor does.
    """
    call = await call_of(request)
    url = text_of(object_of(request, call.body), "thumbnailUrl", most_bytes=MOST_URL_BYTES)
    await run_in_threadpool(call.setting.set_cover_of, url)
    return Response(status_code=204)
