"""How much there is in a space, as the vendor's clients read it: numbers are text."""

from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop


def test_a_space_tells_its_bytes_and_its_files(
    api: httpx2.Client, shop: Shop, blob: Callable[[bytes], Path]
) -> None:
    place = shop.library(kind="file", public_read=True)
    asked = {"access_token": shop.token()}
    folder = shop.directory(place, "docs")
    kept = shop.put(place, "a.bin", blob(b"old"), parent_id=folder)
    shop.put(place, "b.bin", blob(b"four"))
    shop.replace(kept, blob(b"newer"))

    size, count = (
        api.get(f"/space/smh1/-/{call}", params=asked) for call in ("size", "file-count")
    )

    assert size.json() == {"size": "9"}
    assert count.json() == {
        "fileNum": "2",
        "dirNum": "1",
        "recycledFileNum": "0",
        "recycledDirNum": "0",
    }


def test_counting_needs_a_token_of_the_space(api: httpx2.Client, shop: Shop) -> None:
    shop.library(public_read=True)
    other = {"access_token": shop.token("smh1", space_ids=("elsewhere",))}

    for call in ("size", "file-count"):
        assert code_of(api.get(f"/space/smh1/-/{call}")) == (400, "EmptyAccessToken")
        refused = api.get(f"/space/smh1/-/{call}", params=other)
        assert code_of(refused) == (403, "AccessTokenNotMatchSpace")
