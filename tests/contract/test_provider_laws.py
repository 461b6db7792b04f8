"""What every provider promises: harmless repeats, a word on what is unsure, secrets kept."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.provider_places import (
    CLOCKED,
    FAULTY,
    JUNK_OF,
    PLACES,
    READING,
    WRITING,
    Place,
    place_of,
)
from tests.fakes.control import JUNK
from tests.fakes.running import ACCESS_KEY
from worker.errors import ProviderError


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_of(request.param, request) as place:
        yield place


@pytest.fixture
def impatient(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_of(request.param, request, timeout_s=0.3) as place:
        yield place


every = pytest.mark.parametrize("place", PLACES, indirect=True)
every_writing = pytest.mark.parametrize("place", WRITING, indirect=True)
every_faulty = pytest.mark.parametrize("place", FAULTY, indirect=True)
every_reading = pytest.mark.parametrize("place", READING, indirect=True)


def failure(call: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


def record_failure(place: Place) -> ProviderError:
    return failure(lambda: place.provider.record(place.target, place.covers[0]))


@every_reading
def test_a_recorded_cover_is_shown_and_no_other(place: Place) -> None:
    place.record(0)

    assert place.shows(0)
    assert not place.shows(1)


@every_reading
def test_a_target_without_a_cover_shows_none(place: Place) -> None:
    read = place.provider.read(place.target)

    assert read.reference is None
    assert not place.provider.shows(read, place.covers[0], place.target, None)


@every_reading
def test_a_cover_that_is_recorded_again_stays(place: Place) -> None:
    for _ in range(2):
        place.record(0)

    assert place.shows(0)


@every_writing
def test_recording_twice_is_one_change(place: Place) -> None:
    for _ in range(2):
        place.provider.record(place.target, place.covers[0])

    assert len(place.fake.journal(place.write)) == 2
    assert len(place.fake.changes()) == 1


@every_writing
def test_after_the_end_of_its_time_a_write_changes_nothing(place: Place) -> None:
    late = place.covers[0]._replace(until_s=time.monotonic())

    error = failure(lambda: place.provider.record(place.target, late))

    assert not error.unsure
    assert place.fake.changes() == []


@every_reading
def test_a_later_cover_takes_the_place_of_an_earlier_one(place: Place) -> None:
    for which in (0, 1):
        place.record(which)

    assert place.shows(1)
    assert not place.shows(0)


@every_faulty
def test_a_cover_that_somebody_else_set_is_read_as_another(place: Place) -> None:
    place.provider.record(place.target, place.covers[0])
    where = place.fake.changes()[0]["target"]
    place.fake.do("set_cover", **{_id_name(place): where, "cover_url": "http://o.example/x.jpg"})

    read = place.provider.read(place.target)
    assert read is None or not place.provider.shows(read, place.covers[0], place.target, None)


def _id_name(place: Place) -> str:
    return "asset_id" if place.target.model_dump()["provider"] == "huawei_vod" else "media_id"


@pytest.mark.parametrize("place", ["huawei_vod-upload-re_encoded"], indirect=True)
def test_a_cover_that_is_encoded_again_is_told_by_what_it_is_shown_as(place: Place) -> None:
    place.record(0)
    read = place.provider.read(place.target)

    assert place.shows(0)
    assert not place.provider.shows(read, place.covers[0], place.target, None)
    assert not place.provider.shows(read, place.covers[0], place.target, "https://o.example/x.jpg")


@every_faulty
def test_answers_tell_the_vendors_request_id(place: Place) -> None:
    receipt = place.provider.record(place.target, place.covers[0])
    read = place.provider.read(place.target)

    assert receipt.request_id
    assert read.request_id
    assert receipt.request_id != read.request_id


@every_faulty
def test_a_target_that_is_not_there_is_not_found(place: Place) -> None:
    error = failure(lambda: place.provider.read(place.missing))

    assert (error.code, error.unsure) == ("provider.not_found", False)


# How a write fails, with the code, whether it may have taken effect, and whether it did.
FAULTS: dict[str, tuple[dict[str, Any], str, bool, bool]] = {
    "reset-before": ({"how": "reset"}, "provider.unavailable", True, False),
    "reset-after": ({"how": "reset", "when": "after"}, "provider.unavailable", True, True),
    "500-before": ({"how": "answer", "status": 500}, "provider.unavailable", True, False),
    "500-after": (
        {"how": "answer", "status": 500, "when": "after"},
        "provider.unavailable",
        True,
        True,
    ),
    "503": ({"how": "answer", "status": 503}, "provider.unavailable", True, False),
    "429": (
        {"how": "answer", "status": 429, "headers": {"Retry-After": "7"}},
        "provider.throttled",
        False,
        False,
    ),
    "400": ({"how": "answer", "status": 400}, "provider.rejected", False, False),
    "413": ({"how": "answer", "status": 413}, "provider.rejected", False, False),
}


@pytest.mark.parametrize("fault", FAULTS)
@every_faulty
def test_a_failed_write_says_what_became_of_it(place: Place, fault: str) -> None:
    how, code, unsure, took_effect = FAULTS[fault]
    place.fake.fault(place.write, **how)

    error = record_failure(place)

    assert (error.code, error.unsure) == (code, unsure)
    assert error.delay_s == (7 if fault == "429" else None)
    assert bool(place.fake.changes()) is took_effect


@pytest.mark.parametrize(("place", "kind"), JUNK_OF, indirect=["place"])
def test_an_answer_that_no_vendor_gives_leaves_a_write_unsure(place: Place, kind: str) -> None:
    place.fake.junk(place.write, kind)

    error = record_failure(place)

    assert (error.code, error.unsure) == ("provider.unavailable", True)
    assert place.fake.changes()


@every_faulty
def test_a_vendor_that_cannot_be_reached_has_certainly_done_nothing(place: Place) -> None:
    place.fake.do("refuse")

    error = record_failure(place)

    assert (error.code, error.unsure) == ("provider.unavailable", False)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("impatient", FAULTY, indirect=True)
def test_a_slow_vendor_leaves_a_write_unsure(impatient: Place, when: str) -> None:
    impatient.fake.fault(impatient.write, "slow", when=when, seconds=0.8)

    error = record_failure(impatient)

    assert (error.code, error.unsure) == ("provider.unavailable", True)


@pytest.mark.parametrize("kind", [*JUNK, "reset", "refused", "500", "429"])
@every_faulty
def test_a_failed_read_is_never_unsure(place: Place, kind: str) -> None:
    plan: dict[str, Callable[[], object]] = {
        "reset": lambda: place.fake.fault(place.read, "reset"),
        "refused": lambda: place.fake.do("refuse"),
        "500": lambda: place.fake.fault(place.read, "answer", status=500),
        "429": lambda: place.fake.fault(place.read, "answer", status=429),
    }
    if kind in plan:
        plan[kind]()
    else:
        place.fake.junk(place.read, kind)

    error = failure(lambda: place.provider.read(place.target))

    assert not error.unsure
    assert error.code == ("provider.throttled" if kind == "429" else "provider.unavailable")


@every_writing
def test_it_goes_on_after_a_failure(place: Place) -> None:
    place.fake.do("refuse")
    record_failure(place)
    place.fake.do("listen")
    place.fake.fault(place.write, "reset")
    record_failure(place)

    place.provider.record(place.target, place.covers[0])

    assert len(place.fake.changes()) == 1


@pytest.mark.parametrize("place", CLOCKED, indirect=True)
def test_a_clock_that_is_wrong_is_set_right_by_the_vendors_once(place: Place) -> None:
    place.fake.do("clock", offset_s=3600)

    for _ in range(3):
        place.provider.record(place.target, place.covers[0])

    assert [entry["status"] >= 400 for entry in place.fake.journal(place.write)] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("offset_s", [3600, -3600])
@pytest.mark.parametrize("place", CLOCKED, indirect=True)
def test_threads_that_are_refused_together_set_the_clock_right_together(
    place: Place, offset_s: float
) -> None:
    place.fake.do("clock", offset_s=offset_s)
    place.fake.do("latency", seconds=0.01)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: place.provider.record(place.target, place.covers[0]), range(8)))

    assert len(place.fake.changes()) == 1


@every_reading
def test_threads_share_a_provider(place: Place) -> None:
    place.record(0)

    def once(number: int) -> bool:
        place.provider.record(place.target, place.covers[0])
        return place.shows(0)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(once, range(64)))


@every
def test_what_would_be_sent_is_told_without_sending(place: Place) -> None:
    told = place.provider.would_send(place.target, place.covers[0].cover)

    assert json.loads(json.dumps(told)) == told
    assert place.fake.journal() == []


@every
def test_secrets_are_in_no_representation_and_no_dry_run(place: Place) -> None:
    told = f"{place.provider!r} {place.provider}"
    told += json.dumps(place.provider.would_send(place.target, place.covers[0].cover))

    assert not [secret for secret in (*place.secrets, ACCESS_KEY) if secret in told]


SPEAKING: dict[str, int] = {"refused": 403, "rejected": 400, "failed": 500}


@pytest.mark.parametrize("status", SPEAKING.values(), ids=list(SPEAKING))
@every_writing
def test_secrets_that_a_vendor_repeats_are_in_no_error_and_no_log(
    place: Place, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    repeated = " ".join(place.secrets)
    body = {"error_code": "VOD.10053", "error_msg": repeated, "Code": "X", "Message": repeated}
    told = json.dumps(body)
    place.fake.fault(place.write, "answer", status=status, body=told, times=2)

    errors = [_story(record_failure(place))]
    place.fake.do("clear_faults")
    place.fake.do("refuse")
    errors.append(_story(record_failure(place)))

    told = caplog.text + "".join(errors)
    assert not [secret for secret in (*place.secrets, "Signature=") if secret in told]


def _story(error: BaseException | None) -> str:
    """An error and all that led to it."""
    told = ""
    while error is not None:
        told += f"{error!r} {error} {error.__dict__}"
        error = error.__cause__ or error.__context__
    return told
