import pytest

from api.dialects.tencent_smh import grants
from tests.worker.commands.smh_program import Operator
from worker.contracts.libraries import GRANTS, Grant


@pytest.fixture
def many(smh: Operator) -> Operator:
    """An operator with a library of two spaces."""
    smh.told("library", "create", "many", "--kind", "media", "--multi-tenant")
    for space_id in ("s1", "s2"):
        smh.run("space", "create", "many", space_id)
    return smh


def test_a_token_allows_what_it_was_made_for(many: Operator) -> None:
    spaces = ["--space", "s1", "--space", "s2"]
    facts = ["--user", "ann", "--grant", "upload_file", "--grant", "delete_file"]

    (told,) = many.told("token", "create", "many", *spaces, *facts, "--period", "600")

    assert told["expires_in"] == 600
    assert many.state().access_tokens.renew("many", told["access_token"]) == Grant(
        library_id="many",
        space_ids=("s1", "s2"),
        user_id="ann",
        grants=("upload_file", "delete_file"),
        period_s=600,
    )


def test_a_token_is_told_once_and_reads_only_unless_granted_more(many: Operator) -> None:
    token = many.run("token", "create", "many").stdout.strip()
    assert many.state().access_tokens.renew("many", token) is not None

    listed = many.run("token", "list", "many")

    assert token not in listed.stdout + listed.stderr
    assert listed.stdout.splitlines()[1].split()[2:] == [
        *("86400", "s", "all", "-", "-", "read", "only"),
    ]
    (told,) = many.told("token", "list", "many")
    assert 86_000 < told["expires_in"] <= 86_400
    assert token not in str(told)


@pytest.mark.parametrize("given", ["argument", "input"])
def test_one_token_is_shown_without_being_used(many: Operator, given: str) -> None:
    (made,) = many.told("token", "create", "many", "--user", "ann", "--period", "600")
    (key,) = many.client.keys("ff:access_token:*")
    many.client.pexpire(str(key), 100_000)
    token = str(made["access_token"])

    named, typed = (token, None) if given == "argument" else ("-", f"{token}\n")
    shown = many.run("token", "show", "many", named, typed=typed)
    (told,) = many.told("token", "show", "many", named, typed=typed)

    assert shown.exit_code == 0
    assert token not in shown.stdout
    assert shown.stdout.splitlines()[1].split()[2:6] == ["600", "s", "all", "ann"]
    assert (told["user_id"], told["period_s"]) == ("ann", 600)
    assert 90 < told["expires_in"] <= 100


def test_a_token_that_is_not_there_is_not_shown(many: Operator) -> None:
    many.told("library", "create", "other", "--kind", "media")
    (made,) = many.told("token", "create", "other")
    token = str(made["access_token"])

    for arguments in (["many", token], ["many", "acctk"], ["many", ""]):
        assert "no such token" in many.refused("token", "show", *arguments)
    assert "no library 'none'" in many.refused("token", "show", "none", token)
    (key,) = many.client.keys("ff:access_token:*")
    many.client.delete(str(key))
    assert token not in many.refused("token", "show", "other", token)


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        pytest.param(["none"], 1, "no library 'none'", id="no-library"),
        pytest.param(["many", "--space", "s9"], 1, "no space 's9'", id="no-space"),
        pytest.param(["many", "--grant", "all"], 2, "known are admin, ", id="no-grant"),
        pytest.param(["many", "--period", "10"], 2, "--period", id="too-short"),
    ],
)
def test_what_cannot_be_is_told(
    many: Operator, arguments: list[str], status: int, reason: str
) -> None:
    assert reason in many.refused("token", "create", *arguments, status=status)
    assert many.state().access_tokens.list("many") == []


def test_the_grants_are_those_that_calls_ask_for() -> None:
    asked = [names for name, names in vars(grants).items() if name.isupper()]

    assert {"admin"}.union(*asked) == GRANTS
