import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.library_paths import (
    check_library_id,
    check_name,
    check_space_id,
    segments,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", (), id="top"),
        pytest.param("/", (), id="top-as-a-slash"),
        pytest.param("a.jpg", ("a.jpg",), id="one"),
        pytest.param("holiday/Straße 100%+1.jpg", ("holiday", "Straße 100%+1.jpg"), id="two"),
        pytest.param("/a//b/", ("a", "b"), id="slashes-around-and-doubled"),
        pytest.param("a\\..\\b", ("a\\..\\b",), id="backslashes-are-characters"),
        pytest.param("..a/...", ("..a", "..."), id="dots-in-names"),
        pytest.param(" /a", (" ", "a"), id="a-space-is-a-name"),
        pytest.param("/".join("a" * 64), tuple("a" * 64), id="as-deep-as-may-be"),
        pytest.param("é" * 127, ("é" * 127,), id="254-bytes"),
        pytest.param("相册/😀.png", ("相册", "😀.png"), id="other-scripts"),
    ],
)
def test_a_path_is_its_names(text: str, names: tuple[str, ...]) -> None:
    assert segments(text) == names


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("..", "named '..'", id="up"),
        pytest.param("a/../b", "named '..'", id="up-in-between"),
        pytest.param("./a", "named '.'", id="here"),
        pytest.param("a\0b", "control", id="nul"),
        pytest.param("a\nb", "control", id="line-feed"),
        pytest.param("a\x7f", "control", id="delete"),
        pytest.param("a\x85b", "control", id="next-line"),
        pytest.param("a\udcffb", "UTF-8", id="half-a-pair"),
        pytest.param("a" * 256, "255 bytes", id="256-bytes"),
        pytest.param("é" * 128, "255 bytes", id="256-bytes-of-128-characters"),
        pytest.param("/".join("a" * 65), "64 names", id="too-deep"),
    ],
)
def test_a_path_that_no_entry_has_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        segments(text)


@pytest.mark.parametrize("text", ["", "a/b", ".", ".."])
def test_not_every_text_is_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(text)


@given(st.text())
def test_names_on_a_path_lead_nowhere_else(text: str) -> None:
    try:
        names = segments(text)
    except ValueError:
        return
    assert not {"", ".", ".."} & set(names)
    assert segments("/".join(names)) == names


@pytest.mark.parametrize("text", ["smh0123456789", "A_b-c", "1", "a" * 64])
def test_ids_are_short_and_plain(text: str) -> None:
    check_library_id(text)
    check_space_id(text)


@pytest.mark.parametrize("text", ["", "-", "-a", "a" * 65, "a.b", "a/b", "ä", "a\n", ".."])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"an id is"):
        check_library_id(text)


@pytest.mark.parametrize("text", ["-", "list", "count"])
def test_a_space_has_no_id_that_means_something_else(text: str) -> None:
    with pytest.raises(ValueError, match="meaning of its own"):
        check_space_id(text)
