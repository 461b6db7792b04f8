"""What a request for covers may say, and how the first mistake in it is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from worker.contracts.requests import NOT_AVAILABLE, URL_NOT_ALLOWED, CoverRequest

SOURCE = {"url": "https://media.example/clip.mp4?at=@now"}


def mistakes(**body: Any) -> list[tuple[str, str]]:
    """(field, kind) of each mistake."""
    with pytest.raises(ValidationError) as caught:
        CoverRequest.model_validate({"source": SOURCE, **body})
    return [(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()]


def test_a_source_alone_asks_for_the_whole_frame_as_jpeg() -> None:
    request = CoverRequest.model_validate({"source": SOURCE})

    assert (request.sizes, request.format, request.quality, request.lane) == (
        None,
        "jpeg",
        85,
        "live",
    )


@pytest.mark.parametrize("size", [0, -1, 1.5, "x", "256", 5000, True, None])
def test_a_size_is_a_whole_number_of_pixels(size: object) -> None:
    assert [field for field, _ in mistakes(sizes=[size])] == ["sizes.0"]


def test_there_are_at_most_eight_sizes() -> None:
    assert mistakes(sizes=list(range(1, 10))) == [("sizes", "too_long")]


@pytest.mark.parametrize("field", ["crop", "target", "callback_url", "watch"])
def test_a_field_that_is_not_built_is_refused_by_name(field: str) -> None:
    assert mistakes(**{field: {"any": "thing"}}) == [(field, NOT_AVAILABLE)]


@pytest.mark.parametrize("policy", ["usable", "best", "at:3", "at:50%"])
def test_a_frame_policy_that_is_not_built_is_refused_by_name(policy: str) -> None:
    assert mistakes(frame={"policy": policy}) == [("frame.policy", NOT_AVAILABLE)]


@pytest.mark.parametrize(
    "url",
    [
        "https://user@media.example/",
        "https://user:pass@media.example/clip.mp4",
        "HTTP://u:p@[::1]/",
    ],
)
def test_a_url_with_a_password_is_never_recorded(url: str) -> None:
    assert mistakes(source={"url": url}) == [("source.url", URL_NOT_ALLOWED)]


@pytest.mark.parametrize(
    "source",
    [{}, {"url": "https://a.example/", "upload": "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W"}],
    ids=["none", "two"],
)
def test_a_request_names_exactly_one_source(source: dict[str, str]) -> None:
    assert mistakes(source=source) == [("source", "one_source")]


def test_unknown_fields_are_refused_by_name() -> None:
    assert mistakes(colour="red") == [("colour", "extra_forbidden")]
