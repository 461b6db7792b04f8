import pytest

from tests.worker.commands.smh_program import Operator


@pytest.fixture
def many(smh: Operator) -> Operator:
    """An operator with a library for many tenants and one for a single one."""
    smh.told("library", "create", "many", "--kind", "media", "--multi-tenant")
    smh.told("library", "create", "one", "--kind", "media")
    return smh


def test_spaces_are_made_listed_and_shown(many: Operator) -> None:
    assert many.run("space", "create", "many", "s2").exit_code == 0
    assert many.run("space", "create", "many", "s1", "--public-read").exit_code == 0

    head, first, second = many.run("space", "list", "many").stdout.splitlines()

    assert head.startswith("SPACE  PUBLIC READ  CREATED")
    assert (first.split()[:2], second.split()[:2]) == (["s1", "yes"], ["s2", "no"])
    assert [line["id"] for line in many.told("space", "list", "many")] == ["s1", "s2"]
    assert many.told("space", "show", "many", "s1")[0]["public_read"] is True
    assert [line["id"] for line in many.told("space", "list", "one")] == ["-"]


def test_who_may_read_a_space_can_be_changed(many: Operator) -> None:
    many.run("space", "create", "many", "s1")

    assert many.run("space", "set", "many", "s1", "--public-read").exit_code == 0

    space = many.state().libraries.read_space("many", "s1")
    assert space is not None
    assert space.public_read


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        pytest.param(["create", "one", "s1"], 1, "its only space is '-'", id="single-tenant"),
        pytest.param(["create", "none", "s1"], 1, "no library 'none'", id="no-library"),
        pytest.param(["create", "many", "list"], 2, "meaning of its own", id="reserved"),
        pytest.param(["create", "many", "a/b"], 2, "an id is", id="bad-id"),
        pytest.param(["list", "none"], 1, "no library 'none'", id="list"),
        pytest.param(["show", "many", "s9"], 1, "has no space 's9'", id="show"),
        pytest.param(["set", "one", "s9", "--public-read"], 1, "only space is '-'", id="set"),
    ],
)
def test_what_cannot_be_is_told(
    many: Operator, arguments: list[str], status: int, reason: str
) -> None:
    assert reason in many.refused("space", *arguments, status=status)


def test_an_id_is_taken_once(many: Operator) -> None:
    many.run("space", "create", "many", "s1")

    assert "has a space 's1' already" in many.refused("space", "create", "many", "s1")
