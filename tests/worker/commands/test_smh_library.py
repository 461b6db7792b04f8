import pytest

from tests.worker.commands.smh_program import Operator
from worker.contracts.libraries import SINGLE_SPACE, LibraryInfo


def test_a_library_is_made_with_a_secret_that_opens_it(smh: Operator) -> None:
    (told,) = smh.told("library", "create", "pics", "--kind", "media", "--multi-album")

    assert set(told) == {"library_id", "secret"}
    libraries = smh.state().libraries
    assert libraries.secret_matches("pics", told["secret"])
    assert len(told["secret"]) >= 40
    info = libraries.read("pics")
    assert info is not None
    assert info == LibraryInfo(
        id="pics", tenant="default", kind="media", multi_album=True, created_ms=info.created_ms
    )
    assert [space.id for space in libraries.spaces("pics")] == [SINGLE_SPACE]


def test_the_secret_is_told_once(smh: Operator) -> None:
    told = smh.run("library", "create", "docs", "--kind", "file", "--multi-tenant").stdout
    secret = told.split()[3]
    assert smh.state().libraries.secret_matches("docs", secret)

    assert secret not in smh.run("library", "show", "docs").stdout
    assert secret not in smh.run("library", "list", "--json").stdout


def test_libraries_are_listed_by_their_ids(smh: Operator) -> None:
    smh.told("library", "create", "b", "--kind", "file", "--multi-tenant", "--public-read")
    smh.told("library", "create", "a", "--kind", "media", "--tenant", "acme")

    head, first, second = smh.run("library", "list").stdout.splitlines()

    assert head.split() == [
        "LIBRARY",
        "KIND",
        "SPACES",
        "ALBUMS",
        "PUBLIC",
        "READ",
        *head.split()[-2:],
    ]
    assert first.split()[:6] == ["a", "media", "one", "no", "no", "acme"]
    assert second.split()[:6] == ["b", "file", "many", "no", "yes", "default"]
    assert [line["id"] for line in smh.told("library", "list")] == ["a", "b"]
    assert smh.told("library", "show", "b")[0]["multi_tenant"] is True


def test_an_id_is_taken_once(smh: Operator) -> None:
    smh.told("library", "create", "pics", "--kind", "media")

    refused = smh.refused("library", "create", "pics", "--kind", "media")

    assert refused == "firstframe smh: library.conflict: there is a library 'pics' already\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["../up", "--kind", "media"], "an id is", id="id"),
        pytest.param(["a", "--kind", "file", "--multi-album"], "--multi-album", id="albums"),
        pytest.param(["a", "--kind", "file", "--tenant", "A/B"], "--tenant", id="tenant"),
        pytest.param(["a"], "--kind", id="no-kind"),
        pytest.param(["a", "--kind", "album"], "--kind", id="unknown-kind"),
    ],
)
def test_what_makes_no_sense_is_refused(smh: Operator, arguments: list[str], reason: str) -> None:
    assert reason in smh.refused("library", "create", *arguments, status=2)
    assert smh.state().libraries.list() == []


def test_who_may_read_can_be_changed(smh: Operator) -> None:
    smh.told("library", "create", "pics", "--kind", "media")

    for option, value in (("--public-read", True), ("--no-public-read", False)):
        assert smh.run("library", "set", "pics", option).exit_code == 0
        info = smh.state().libraries.read("pics")
        assert info is not None
        assert info.public_read is value


@pytest.mark.parametrize("arguments", [["show", "x"], ["set", "x", "--public-read"]])
def test_an_unknown_library_is_told(smh: Operator, arguments: list[str]) -> None:
    assert smh.refused("library", *arguments) == "firstframe smh: there is no library 'x'\n"


def test_a_redis_that_is_away_is_told(smh: Operator) -> None:
    smh.config.write_text('[redis]\nurl = "redis://:secret@127.0.0.1:1/0"\n')

    refused = smh.refused("library", "list")

    assert "queue.unavailable: Redis does not answer at redis://" in refused
    assert "secret" not in refused
