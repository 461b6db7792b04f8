"""Keys that are known for a few seconds, and not too many of them."""

import time

from api.dialects.tencent_smh.known import Known


def test_a_key_is_known_until_its_time_is_over() -> None:
    known = Known[str](kept_s=0.05)

    known.keep("a", "key")

    assert (known.find("a"), known.find("b")) == ("key", None)
    time.sleep(0.06)
    assert known.find("a") is None


def test_the_oldest_are_forgotten_beyond_the_most() -> None:
    known = Known[int](most=2)

    for name in (1, 2, 1, 3):
        known.keep(name, f"key {name}")

    assert [known.find(name) for name in (1, 2, 3)] == ["key 1", None, "key 3"]
