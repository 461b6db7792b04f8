"""Uploads from their confirmation on: no more bytes, no more rights, no earlier end."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader, crc64
from worker.contracts.libraries import GrantName
from worker.settings import Settings

PLACE = "smh1/-"
DATA = b"the bytes of a file"


@pytest.fixture
def token(shop: Shop) -> str:
    """Opens a file library for all that is done inside a space."""
    shop.library(kind="file")
    return shop.token("smh1", "space_admin", user_id="ann")


@pytest.mark.parametrize("multipart", [False, True], ids=["whole", "parts"])
def test_an_upload_takes_no_bytes_from_its_confirmation_on(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop, *, multipart: bool
) -> None:
    part, before = 1 if multipart else None, shop.pieces()
    begun = uploader.begin(f"{PLACE}/a", token, **({"multipart": "1"} if multipart else {}))
    if multipart:
        uploader.send(begun, b"later", part=2)
        assert code_of(uploader.confirm(PLACE, begun, token))[1] == "MultipartUploadIncomplete"
    assert uploader.send(begun, DATA, part=part).status_code == 200
    with ThreadPoolExecutor(1) as pool:
        confirming = pool.submit(uploader.confirm, PLACE, begun, token)
        while not clerk.jobs():
            time.sleep(0.01)

        late = uploader.send(begun, b"late", part=part)
        beyond = uploader.send(begun, b"late", part=3) if multipart else late
        clerk.start()
        told = confirming.result()

    for refused in (late, beyond, uploader.send(begun, b"late", part=part)):
        assert refused.status_code == 404
        assert b"<Code>NoSuchUpload</Code>" in refused.content
    whole = DATA + b"later" if multipart else DATA
    assert (told.status_code, told.json()["crc64"]) == (200, crc64(whole))
    assert uploader.confirm(PLACE, begun, token).json() == told.json()
    assert shop.pieces() == before


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        pytest.param(("begin_upload", "confirm_upload"), 403, id="begin-and-confirm"),
        pytest.param(("upload_file",), 403, id="upload"),
        pytest.param(("begin_upload_force", "confirm_upload"), 200, id="begin-by-force"),
        pytest.param(("upload_file_force",), 200, id="upload-by-force"),
        pytest.param(("admin",), 200, id="admin"),
    ],
)
def test_replacing_a_file_asks_for_the_same_grants_at_the_end_as_at_the_start(
    uploader: Uploader,
    shop: Shop,
    token: str,
    clerk: Clerk,
    *,
    grants: tuple[GrantName, ...],
    status: int,
) -> None:
    clerk.start()
    uploader.put(PLACE, "a", token, b"older")
    weaker = shop.token("smh1", *grants)
    begun = uploader.begin(f"{PLACE}/a", weaker)
    uploader.send(begun, DATA)
    queries = {"conflict_resolution_strategy": "overwrite"}

    answer = uploader.confirm(PLACE, begun, weaker, queries=queries)

    assert answer.status_code == status
    if status == 403:
        assert code_of(answer) == (403, "NoPermission")
        assert uploader.confirm(PLACE, begun, weaker).json()["path"] == ["a (1)"]


def test_an_upload_that_is_confirmed_in_its_last_minute_is_not_lost_while_its_job_waits(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop, settings: Settings
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)
    with redis.Redis.from_url(settings.redis.url.get_secret_value()) as client:
        keys = [f"ff:transfer:{begun['confirmKey']}".encode(), *client.keys("ff:piece:*")]
        for key in keys:
            client.pexpire(key, 60_000)

        assert uploader.confirm(PLACE, begun, token).status_code == 200

        assert len(keys) == 2
        assert all(client.ttl(key) > 23 * 3600 for key in keys)
