"""What a request for covers may say, and how the first mistake in it is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from worker.contracts.requests import NOT_AVAILABLE, URL_BLOCKED, URL_NOT_ALLOWED, CoverRequest

SOURCE = {"url": "https://media.example/clip.mp4?at=@now"}
ALBUM = {"provider": "tencent_smh", "library_id": "smh1", "album": "trip"}
ID = "0123456789abcdef" * 2
TARGET = {"provider": "huawei_vod", "asset_id": ID}


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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"crop": {"any": "thing"}}, "crop", id="crop"),
        pytest.param({"source": {"medium": "a" * 32}}, "source.medium", id="medium"),
    ],
)
def test_a_field_that_is_not_built_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    assert (field, NOT_AVAILABLE) in mistakes(**body)


@pytest.mark.parametrize(
    "target",
    [
        {"provider": "huawei_vod", "asset_id": ID},
        {"provider": "alibaba_mps", "media_id": ID},
        {"provider": "alibaba_vod", "video_id": ID},
        {"provider": "tencent_smh", "library_id": "smh1", "path": "trip/a.mp4"},
        {"provider": "webhook", "profile": "shop", "id": "order 7"},
        {"provider": "firstframe", "medium_id": ID},
        {"provider": "dry_run", "of": {"provider": "huawei_vod", "asset_id": ID}},
    ],
    ids=lambda target: target["provider"],
)
def test_a_target_is_what_its_provider_needs_and_nothing_more(target: dict[str, Any]) -> None:
    request = CoverRequest.model_validate({"source": SOURCE, "target": target})

    assert request.target is not None
    assert request.target.model_dump(exclude_unset=True) == target
    provider = target["provider"]
    assert mistakes(target={**target, "bucket": "b"}) == [
        (f"target.{provider}.bucket", "extra_forbidden")
    ]
    for lacking in target.keys() - {"provider", "profile"}:
        rest = {name: told for name, told in target.items() if name != lacking}
        assert mistakes(target=rest) == [(f"target.{provider}.{lacking}", "missing")]


@pytest.mark.parametrize(
    ("target", "mistake"),
    [
        pytest.param({"any": "thing"}, ("target", "union_tag_not_found"), id="no-provider"),
        pytest.param({"provider": "tape"}, ("target", "union_tag_invalid"), id="unknown-provider"),
        pytest.param(
            {"provider": "alibaba_mps", "media_id": "X" * 32},
            ("target.alibaba_mps.media_id", "string_pattern_mismatch"),
            id="no-id-of-that-vendor",
        ),
        pytest.param(
            {"provider": "dry_run", "of": {"provider": "dry_run"}},
            ("target.dry_run.of", "union_tag_invalid"),
            id="dry-run-of-a-dry-run",
        ),
    ],
)
def test_a_target_of_no_provider_is_refused(
    target: dict[str, Any], mistake: tuple[str, str]
) -> None:
    assert mistakes(target=target) == [mistake]


@pytest.mark.parametrize("in_a_dry_run", [False, True], ids=["target", "dry-run"])
def test_the_recorded_size_is_one_of_those_that_are_made(in_a_dry_run: bool) -> None:
    target: dict[str, Any] = {**TARGET, "size": 64}
    if in_a_dry_run:
        target = {"provider": "dry_run", "of": target}

    CoverRequest.model_validate({"source": SOURCE, "sizes": [32, 64], "target": target})

    assert mistakes(sizes=[32], target=target) == [("", "target_size")]
    assert mistakes(target=target) == [("", "target_size")]


@pytest.mark.parametrize(
    "lacking", [pytest.param("source", id="album"), pytest.param("target", id="target")]
)
def test_a_watch_is_over_an_album_and_for_a_target(lacking: str) -> None:
    watched = {"source": {"album": ALBUM}, "target": TARGET, "watch": True}

    assert CoverRequest.model_validate(watched).watch

    assert mistakes(**{**watched, lacking: {"source": SOURCE}.get(lacking)}) == [
        ("", "watch_album")
    ]
    assert mistakes(**{**watched, "watch": "yes"}) == [("watch", "bool_type")]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        pytest.param("https://user:pass@caller.example/told", URL_BLOCKED, id="password"),
        pytest.param("https://user@caller.example/told", URL_BLOCKED, id="user"),
        pytest.param("", "too_short", id="empty"),
        pytest.param("https://caller.example/" + "a" * 2048, "too_long", id="too-long"),
        pytest.param(7, "string_type", id="no-text"),
    ],
)
def test_a_callback_url_that_could_not_be_called_is_refused(url: object, kind: str) -> None:
    assert mistakes(callback_url=url) == [("callback_url", kind)]


def test_a_callback_url_keeps_its_query() -> None:
    url = "https://caller.example/told?order=7"

    assert CoverRequest.model_validate({"source": SOURCE, "callback_url": url}).callback_url == url


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
