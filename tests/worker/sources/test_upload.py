from pathlib import Path

import pytest

from worker.errors import SourceError
from worker.rules.keys import upload_key
from worker.sources.upload import UploadSource
from worker.stores.local import LocalStore

UPLOAD = "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
BODY = bytes(range(256)) * 1000


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(folder=tmp_path, public_base_url="http://covers.example", link_secret=None)
    store.put(upload_key("acme", UPLOAD), BODY, content_type="application/octet-stream")
    return store


def _source(store: LocalStore, tenant: str = "acme", **digests: str) -> UploadSource:
    """A source that knows the digests of some uploads."""
    return UploadSource(
        store=store,
        tenant=tenant,
        max_bytes=1_000_000,
        digest_of=lambda of_tenant, upload: digests.get(upload) if of_tenant == tenant else None,
    )


@pytest.mark.parametrize(
    ("tenant", "upload"),
    [
        ("other", UPLOAD),
        ("acme", UPLOAD[:-1] + "0"),
        ("acme", "../other/" + UPLOAD),
        ("acme", ""),
    ],
    ids=["foreign", "unknown", "path", "empty"],
)
def test_an_upload_that_is_not_the_tenants_is_not_found(
    store: LocalStore, tenant: str, upload: str
) -> None:
    with pytest.raises(SourceError) as caught:
        _source(store, tenant).open(upload)

    assert caught.value.code == "source.not_found"


def test_an_upload_is_read_by_ranges(store: LocalStore) -> None:
    reader = _source(store).open(UPLOAD)

    assert reader.read(200_000, 10) == BODY[200_000:200_010]

    assert reader.bytes_read <= 65_536
    assert reader.label == UPLOAD


def test_an_upload_that_is_swept_while_it_is_read_is_not_found(store: LocalStore) -> None:
    reader = _source(store).open(UPLOAD)
    reader.read(0, 10)
    store.delete(upload_key("acme", UPLOAD))

    assert reader.read(0, 10) == BODY[:10]
    with pytest.raises(SourceError) as caught:
        reader.read(200_000, 10)

    assert caught.value.code == "source.not_found"


def test_an_upload_is_known_again_by_its_bytes_else_by_its_id(store: LocalStore) -> None:
    assert _source(store, **{UPLOAD: "ab"}).open(UPLOAD).fingerprint == "sha256:ab"
    assert _source(store).open(UPLOAD).fingerprint == f"upload:{UPLOAD}"
