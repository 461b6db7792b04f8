from worker.contracts.libraries import Place
from worker.rules.fingerprints import entry_fingerprint, version_of


def test_a_version_of_an_entry_is_named_in_one_line() -> None:
    # Records of covers that were made are found by this text: another form finds none of them.
    assert (
        entry_fingerprint(Place("lib", "-"), "ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W", "v1", 12)
        == "entry lib/-/ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W v1 12"
    )


def test_a_fingerprint_is_told_without_the_server_it_names() -> None:
    told, other = (version_of(f"https://inside.example {number}") for number in (12, 13))

    assert told is not None
    assert len(told) == 32
    assert told == version_of("https://inside.example 12") != other
    assert version_of(None) is None
