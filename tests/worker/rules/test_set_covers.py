"""What a URL that a client sets as a cover is: a picture of ours, of a medium, or to be fetched."""

import pytest

from worker.contracts.requests import CoverRequest
from worker.contracts.targets import DryRunTarget, FirstframeTarget, VendorSetting
from worker.rules.keys import private_key, public_key
from worker.rules.records import target_key
from worker.rules.set_covers import (
    fetch_mistake,
    key_in,
    named_medium,
    naming,
    set_by_client,
    without_name,
)

DIGEST = "ab" + "0" * 62
COVER = public_key("covers", DIGEST, "jpg")
PRIVATE = private_key("acme", DIGEST, "png")
MEDIUM = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("url", "key"),
    [
        pytest.param(f"http://host/objects/{COVER}", COVER, id="public"),
        pytest.param(f"https://host:9000/bucket/{COVER}?v=1#x", COVER, id="with-more"),
        pytest.param(f"http://host/{PRIVATE}?X-Amz-Signature=1", PRIVATE, id="private"),
        pytest.param(f"http://host/{COVER}.bak", None, id="longer"),
        pytest.param(f"http://host/x{COVER}", None, id="within-a-name"),
        pytest.param(f"http://host/{COVER}/..", None, id="a-folder"),
        pytest.param(f"http://host/?u=/{COVER}", None, id="in-the-query"),
        pytest.param(f"http://host/{COVER.upper()}", None, id="upper-case"),
        pytest.param("http://host/clip.mp4", None, id="another"),
        pytest.param(f"http://host/uploads/ab/{DIGEST}.jpg", None, id="no-picture"),
    ],
)
def test_the_key_is_what_the_path_ends_with(url: str, key: str | None) -> None:
    assert key_in(url) == key


@pytest.mark.parametrize(
    ("url", "medium"),
    [
        pytest.param(f"https://355.cdn.example/shield/asset/{MEDIUM}/a/0.jpg", MEDIUM, id="path"),
        pytest.param(f"http://host/{COVER}#asset/{MEDIUM}", MEDIUM, id="fragment"),
        pytest.param(f"http://host/asset/{MEDIUM}", None, id="at-the-end"),
        pytest.param(f"http://host/?/asset/{MEDIUM}/", None, id="in-the-query"),
        pytest.param(f"http://host/asset/{MEDIUM}0/", None, id="too-long"),
        pytest.param(f"http://host/a#xasset/{MEDIUM}", None, id="another-fragment"),
    ],
)
def test_the_medium_is_named_as_the_vendor_does(url: str, medium: str | None) -> None:
    assert named_medium(url) == medium


def test_a_url_that_says_whose_it_is_can_be_taken_apart_again() -> None:
    named = naming(f"http://host/{COVER}", MEDIUM)

    assert (named_medium(named), without_name(named)) == (MEDIUM, f"http://host/{COVER}")
    assert without_name("http://host/a#b") == "http://host/a#b"


@pytest.mark.parametrize(
    ("url", "is_fetched"),
    [
        pytest.param("http://media.example/a.jpg", True, id="http"),
        pytest.param("HTTPS://media.example:443/a.jpg?x=1", True, id="https"),
        pytest.param("http://127.0.0.1/a.jpg", True, id="the-worker-judges-addresses"),
        pytest.param("ftp://media.example/a.jpg", False, id="scheme"),
        pytest.param("//media.example/a.jpg", False, id="no-scheme"),
        pytest.param("http://media.example:8080/a.jpg", False, id="port"),
        pytest.param("http://media.example:0/a.jpg", False, id="port-0"),
        pytest.param("http://media.example:99999/a.jpg", False, id="no-port"),
        pytest.param("http://user@media.example/a.jpg", False, id="user"),
        pytest.param("http://[::1/a.jpg", False, id="brackets"),
        pytest.param("http://2130706433/a.jpg", False, id="a-number-for-a-host"),
        pytest.param("http:///a.jpg", False, id="no-host"),
        pytest.param("http://münchen.example/a.jpg", False, id="letters"),
    ],
)
def test_what_is_never_fetched_is_known_before_any_look_up(url: str, is_fetched: bool) -> None:
    wrong = fetch_mistake(url, allowed_ports=(80, 443), allow_private_addresses=False)

    assert (wrong is None) is is_fetched


def test_any_port_will_do_where_private_addresses_are_allowed() -> None:
    url = "http://127.0.0.1:8080/a.jpg"

    assert fetch_mistake(url, allowed_ports=(80,), allow_private_addresses=True) is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param({"as_set": {"by": "huawei_vod"}}, MEDIUM, id="by-a-client"),
        pytest.param({}, None, id="by-a-request"),
    ],
)
def test_what_a_client_sets_is_known_from_what_a_request_records(
    target: dict[str, object], expected: str | None
) -> None:
    told = {"provider": "firstframe", "medium_id": MEDIUM, **target}
    request = CoverRequest.model_validate({"source": {"url": "http://h/a.jpg"}, "target": told})

    was_set = set_by_client(request)

    assert (was_set and was_set[0]) == expected


def test_who_sets_a_cover_does_not_make_another_target_of_its_medium() -> None:
    target = FirstframeTarget(provider="firstframe", medium_id=MEDIUM)
    setting = VendorSetting(by="alibaba_mps", url="http://media.example/a.jpg")
    as_set = target.model_copy(update={"as_set": setting})

    assert target_key(target) == target_key(as_set)
    of = DryRunTarget(provider="dry_run", of=target)
    assert target_key(of) == target_key(of.model_copy(update={"of": as_set}))
