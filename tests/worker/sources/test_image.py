import hashlib
from pathlib import Path

import pytest

from worker.errors import SourceError
from worker.rules.keys import public_key
from worker.sources.image import ImageSource
from worker.stores.local import LocalStore

IMAGE = "0123456789abcdef" * 2
BODY = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()
KEY = public_key("snapshots", SHA256, "jpg")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(folder=tmp_path, public_base_url="http://covers.example", link_secret=None)
    store.put(KEY, BODY, content_type="image/jpeg")
    return store


def _source(store: LocalStore, tenant: str = "acme", key: str | None = KEY) -> ImageSource:
    """A source whose catalogue has one picture, of the tenant `acme`."""
    return ImageSource(
        store=store,
        tenant=tenant,
        max_bytes=1_000_000,
        key_of=lambda of, image: key if (of, image) == ("acme", IMAGE) else None,
    )


def test_a_picture_is_read_from_where_its_record_says(store: LocalStore) -> None:
    reader = _source(store).open(IMAGE)

    assert reader.read(200_000, 10) == BODY[200_000:200_010]
    assert reader.label == IMAGE


def test_a_picture_is_known_again_by_its_bytes(store: LocalStore) -> None:
    assert _source(store).open(IMAGE).fingerprint == f"sha256:{SHA256}"


@pytest.mark.parametrize(
    ("tenant", "image", "key"),
    [
        pytest.param("other", IMAGE, KEY, id="of-another-tenant"),
        pytest.param("acme", IMAGE[::-1], KEY, id="unknown"),
        pytest.param("acme", IMAGE, None, id="not-made-yet"),
        pytest.param("acme", IMAGE, public_key("covers", SHA256, "jpg"), id="deleted"),
    ],
)
def test_a_picture_that_is_not_there_is_not_found(
    store: LocalStore, tenant: str, image: str, key: str | None
) -> None:
    with pytest.raises(SourceError) as caught:
        _source(store, tenant, key).open(image)

    assert caught.value.code == "source.not_found"
