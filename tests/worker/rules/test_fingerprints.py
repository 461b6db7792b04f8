from worker.contracts.libraries import Place
from worker.rules.fingerprints import entry_fingerprint


def test_a_version_of_an_entry_is_named_in_one_line() -> None:
    # Records of covers that were made are found by this text: another form finds none of them.
    assert (
        entry_fingerprint(Place("lib", "-"), "ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W", "v1", 12)
        == "entry lib/-/ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W v1 12"
    )
