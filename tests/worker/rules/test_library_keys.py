"""Keys, kept texts and links of libraries: pure, and the same for all of them."""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library_facts import ENTRY, OTHER, PLACE, draft, entry
from worker.contracts.libraries import Place
from worker.errors import RequestError, StorageError
from worker.rules.keys import is_key
from worker.rules.library_keys import (
    MAX_METADATA_BYTES,
    check_link,
    disposition,
    document_of,
    draft_text,
    entry_key,
    entry_of,
    is_entry,
    is_place,
    is_version,
    look_query,
    signed_text,
    version_of,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.text(), st.text(), st.text())
def test_a_key_has_three_parts_of_a_small_alphabet_or_is_none(
    library_id: str, space_id: str, entry_id: str
) -> None:
    place = Place(library_id, space_id)

    if is_entry(place, entry_id):
        key = entry_key(place, entry_id)
        assert key.count("/") == 2
        assert is_key(key)


@pytest.mark.parametrize("space_id", ["-", "space1", "a_b-c", "0"])
def test_ids_of_spaces_are_taken(space_id: str) -> None:
    assert is_place(Place("smh1albums", space_id))


@pytest.mark.parametrize(
    ("version_id", "possible"),
    [
        pytest.param("6ba7b810-9dad-11d1-80b4-00c04fd430c8", True, id="minio"),
        pytest.param("3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X", True, id="aws"),
        pytest.param("yoz3HB.ZhCS_tKVEmIOr7qYyyAaZSKVd", True, id="aws-with-dots"),
        pytest.param("nullable", True, id="begins-as-null"),
        pytest.param("null", False, id="null"),
        pytest.param("", False, id="empty"),
        pytest.param("a/../b", False, id="way-up"),
        pytest.param("./a", False, id="dot"),
        pytest.param("a b", False, id="space"),
        pytest.param("a\n", False, id="line-end"),
        pytest.param("x" * 1025, False, id="too-long"),
    ],
)
def test_ids_of_versions_are_told_from_other_texts(version_id: str, possible: bool) -> None:
    assert is_version(version_id) is possible


@given(st.dictionaries(TEXT, TEXT, max_size=3), st.none() | TEXT)
def test_a_draft_is_one_line_of_visible_ascii_and_comes_back(
    meta: dict[str, str], created_by: str | None
) -> None:
    given_draft = draft(meta=meta, created_by=created_by)

    text = draft_text(given_draft)

    assert all(" " <= character <= "~" for character in text)
    assert dict(given_draft).items() <= dict(version_of(text, version_id="v", etag='"e"')).items()


def test_a_draft_may_fill_the_metadata_to_the_last_byte() -> None:
    room = MAX_METADATA_BYTES - len("draft") - len(draft_text(draft(meta={"a": ""})))

    assert draft_text(draft(meta={"a": "x" * room}))
    with pytest.raises(RequestError, match=r"request\.invalid"):
        draft_text(draft(meta={"a": "x" * (room + 1)}))


@pytest.mark.parametrize(
    "content_type",
    ["video/mp4", "text/plain; charset=utf-8", "application/vnd.ms-excel", 'a/b;c="d e"'],
)
def test_content_types_are_kept_as_they_are(content_type: str) -> None:
    assert json.loads(draft_text(draft(content_type=content_type)))["content_type"] == content_type


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00", '{"transfer": 1}'])
def test_damaged_metadata_are_told(text: str) -> None:
    with pytest.raises(StorageError, match=r"storage\.integrity"):
        version_of(text, version_id="v", etag='"e"')


@given(TEXT)
def test_a_document_keeps_any_name_and_no_version(name: str) -> None:
    kept = version_of(draft_text(draft()), version_id="v", etag='"e"')
    given_entry = entry(name=name, version=kept)

    found = entry_of(document_of(given_entry), place=PLACE, entry_id=ENTRY)

    assert found == given_entry.model_copy(update={"version": None})


@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param({"place": OTHER, "entry_id": ENTRY}, id="other-space"),
        pytest.param({"place": PLACE, "entry_id": f"{ENTRY[:-1]}X"}, id="other-entry"),
    ],
)
def test_a_document_that_lies_elsewhere_is_told(elsewhere: dict[str, Any]) -> None:
    with pytest.raises(StorageError, match=r"storage\.integrity.*another"):
        entry_of(document_of(entry()), **elsewhere)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        document_of(entry(name="\ud800"))


@pytest.mark.parametrize(
    ("expires_s", "possible"), [(0, False), (1, True), (7200, True), (7201, False)]
)
def test_a_link_lives_two_hours_at_most(expires_s: int, possible: bool) -> None:
    if possible:
        check_link(PLACE, ENTRY, expires_s=expires_s)
    else:
        with pytest.raises(RequestError, match=r"request\.invalid"):
            check_link(PLACE, ENTRY, expires_s=expires_s)


@given(st.text(), st.booleans(), st.sampled_from(["video/mp4", "text/html", ""]))
def test_a_disposition_is_ascii_and_gives_the_name_back(
    name: str, attachment: bool, content_type: str
) -> None:
    shown = disposition(name, attachment=attachment, content_type=content_type)

    plain, _, exact = shown.partition("; filename*=UTF-8''")
    assert all(" " <= character <= "~" for character in shown)
    assert plain.count('"') == 2
    assert unquote(exact) == name.encode(errors="replace").decode()


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", "inline"),
        ("IMAGE/PNG", "inline"),
        ("video/mp4; codecs=avc1", "inline"),
        ("audio/mpeg", "inline"),
        ("text/plain;charset=utf-8", "inline"),
        ("application/pdf", "inline"),
        ("image/svg+xml", "attachment"),
        ("Image/SVG+xml; charset=utf-8", "attachment"),
        ("image/x+xml", "attachment"),
        ("text/html", "attachment"),
        ("text/plainly-html", "attachment"),
        ("text/plain+xml", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("application/octet-stream", "attachment"),
        ("text/html;image/png", "attachment"),
        ("", "attachment"),
    ],
)
def test_only_what_runs_nowhere_is_shown_in_place(content_type: str, kind: str) -> None:
    shown = disposition("x", attachment=False, content_type=content_type)

    assert shown.partition(";")[0] == kind


@given(st.text(), st.booleans(), st.text(), st.booleans())
def test_two_looks_are_never_signed_alike(
    name: str, attachment: bool, other: str, otherwise: bool
) -> None:
    texts = [
        signed_text("k", look_query(each, attachment=as_attachment))
        for each, as_attachment in ((name, attachment), (other, otherwise))
    ]
    same = (name.encode(errors="replace"), attachment) == (
        other.encode(errors="replace"),
        otherwise,
    )

    assert (texts[0] == texts[1]) is same


def test_what_a_link_is_signed_for_is_no_key_of_an_object() -> None:
    assert not is_key(signed_text(entry_key(PLACE, ENTRY), look_query("", attachment=False)))
