"""Names made of taken ones are the same wherever they are made."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ulid import ULID

from api.dialects.tencent_smh.places import numbered
from tests.api.dialects.tencent_smh.shop import Shop
from worker.contracts.libraries import Place, Transfer

HERE = Place("smh1", "-")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("file.docx", "file (1).docx"),
        ("bar", "bar (1)"),
        (".hidden", ".hidden (1)"),
        ("a.", "a. (1)"),
        ("a.tar.gz", "a.tar (1).gz"),
        ("a (1).jpg", "a (1) (1).jpg"),
    ],
)
def test_a_number_stands_before_the_ending_as_the_vendor_shows_it(
    shop: Shop, blob: Callable[[bytes], Path], name: str, told: str
) -> None:
    shop.library(kind="file")
    shop.put(HERE, name, blob(b"taken"))
    transfer = Transfer(
        id=f"trn_{ULID()}",
        tenant="default",
        place=HERE,
        parent_id="root",
        name=name,
        kind="file",
        conflict="rename",
        multipart=False,
        content_type="text/plain",
        created_ms=1,
    )

    claim = shop.state.entries.claim(transfer, entry_id=f"ent_{ULID()}")

    assert claim.name == numbered(name, 1) == told
    assert numbered(name, 0) == name
