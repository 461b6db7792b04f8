"""Which settings decide the bytes of covers."""

import pytest

from worker import wiring
from worker.settings import DecodeSettings, DetectSettings, EncodeSettings, Section, Settings

# Settings of those sections that decide whether covers are made, never which bytes they have.
LIMITS = {
    "DETECT__MODEL",  # another copy of the same file
    "DETECT__TIMEOUT_S",
    "DECODE__FRAME_TIMEOUT_S",
    "DECODE__MAX_MPX",
    "DECODE__MAX_SCALED_JPEG_MPX",
}
OTHER_VALUES = {
    "DETECT__KIND": "none",
    "DETECT__THRESHOLD": "0.6",
    "DETECT__SHORT_SIDE_PX": "320",
    "DECODE__BACKGROUND": "#000000",
    "ENCODE__AVIF_SPEED": "1",
    "ENCODE__WEBP_METHOD": "1",
}


def test_every_setting_of_what_makes_covers_decides_their_bytes_or_is_a_limit() -> None:
    sections: dict[str, type[Section]] = {
        "DETECT": DetectSettings,
        "DECODE": DecodeSettings,
        "ENCODE": EncodeSettings,
    }

    names = {f"{at}__{name.upper()}" for at, kind in sections.items() for name in kind.model_fields}

    assert names == LIMITS | OTHER_VALUES.keys()


@pytest.mark.parametrize(("name", "value"), OTHER_VALUES.items(), ids=OTHER_VALUES)
def test_results_made_with_other_settings_are_not_found_again(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = wiring.making(Settings())
    monkeypatch.setenv(f"FIRSTFRAME_{name}", value)

    assert wiring.making(Settings()) != before
