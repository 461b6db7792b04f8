from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.keys import (
    cache_control_of,
    content_type_of,
    is_key,
    is_public,
    private_key,
    public_key,
    sidecar_key,
    upload_key,
)

DIGEST = "ab" + "0" * 62
UPLOAD = "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
KEYS = [
    pytest.param(public_key("covers", DIGEST, "jpg"), f"covers/ab/{DIGEST}.jpg", id="cover"),
    pytest.param(private_key("acme", DIGEST, "png"), f"private/acme/ab/{DIGEST}.png", id="private"),
    pytest.param(upload_key("acme", UPLOAD), f"uploads/acme/{UPLOAD}", id="upload"),
    pytest.param(
        sidecar_key("acme", "images", "ab" * 16),
        f"catalogue/acme/images/ab/{'ab' * 16}.json",
        id="sidecar",
    ),
]


@pytest.mark.parametrize(("made", "expected"), KEYS)
def test_a_key_says_what_it_holds_and_whose_it_is(made: str, expected: str) -> None:
    assert made == expected
    assert is_key(made)


@pytest.mark.parametrize(
    ("key", "public", "content_type", "cache_control"),
    [
        pytest.param(
            f"covers/ab/{DIGEST}.jpg",
            True,
            "image/jpeg",
            "public, max-age=31536000, immutable",
            id="jpeg-cover",
        ),
        pytest.param(
            f"covers/ab/{DIGEST}.avif",
            True,
            "image/avif",
            "public, max-age=31536000, immutable",
            id="avif-cover",
        ),
        pytest.param(
            f"private/acme/ab/{DIGEST}.webp",
            False,
            "image/webp",
            "private, no-store",
            id="private-cover",
        ),
        pytest.param(
            f"uploads/acme/{UPLOAD}",
            False,
            "application/octet-stream",
            "private, no-store",
            id="upload",
        ),
        pytest.param(
            "coversheet/a.html",
            False,
            "application/octet-stream",
            "private, no-store",
            id="only-looks-public",
        ),
    ],
)
def test_type_caching_and_visibility_follow_from_the_key(
    key: str, public: bool, content_type: str, cache_control: str
) -> None:
    assert is_public(key) is public
    assert content_type_of(key) == content_type
    assert cache_control_of(key) == cache_control


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("/covers/a.jpg", id="absolute"),
        pytest.param("covers/", id="folder"),
        pytest.param("covers//a.jpg", id="empty-part"),
        pytest.param("covers/../secret", id="parent"),
        pytest.param("covers/./a.jpg", id="here"),
        pytest.param(".incoming/a", id="hidden"),
        pytest.param("covers\\a.jpg", id="backslash"),
        pytest.param("covers/a\x00.jpg", id="nul"),
        pytest.param("covers/a.jpg\n", id="newline"),
        pytest.param("covers/ä.jpg", id="not-ascii"),
        pytest.param("covers/a b.jpg", id="space"),
        pytest.param("covers/%2e%2e/a.jpg", id="percent"),
        pytest.param("a/" * 600 + "a", id="long"),
        pytest.param("a" * 201, id="long-part"),
    ],
)
def test_what_could_lead_elsewhere_is_no_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda text: upload_key(text, UPLOAD), id="tenant-of-upload"),
        pytest.param(lambda text: upload_key("acme", text), id="upload-id"),
        pytest.param(lambda text: private_key(text, DIGEST, "jpg"), id="tenant-of-cover"),
        pytest.param(lambda text: public_key("covers", DIGEST, text), id="extension"),
        pytest.param(lambda text: public_key("covers", text, "jpg"), id="digest"),
    ],
)
@given(text=st.text() | st.text(alphabet="./\\%upl_ab01\x00\n~", max_size=40))
def test_no_text_makes_a_key_that_leaves_its_folder(make: Callable[[str], str], text: str) -> None:
    try:
        key = make(text)
    except ValueError:
        return

    assert is_key(key)
    assert ".." not in PurePosixPath(key).parts
    assert key.split("/")[0] in {"covers", "private", "uploads"}
    assert len(key.split("/")) == (4 if key.startswith("private/") else 3)


@given(text=st.text(alphabet="ab./-_A0", max_size=30))
def test_a_key_is_a_plain_relative_path(text: str) -> None:
    path = PurePosixPath(text)

    if is_key(text):
        assert str(path) == text
        assert not path.is_absolute()
        assert not any(part.startswith(".") for part in path.parts)


@pytest.mark.parametrize(
    ("tenant", "hex_id"), [("../x", "ab" * 16), ("acme", "AB" * 16), ("a", "")]
)
def test_a_record_of_the_catalogue_has_a_key_of_our_form_or_none(tenant: str, hex_id: str) -> None:
    with pytest.raises(ValueError, match="of a key"):
        sidecar_key(tenant, "media", hex_id)
