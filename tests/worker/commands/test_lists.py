import pytest

from worker.commands.lists import tell_table, yes


def test_columns_are_as_wide_as_what_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    tell_table(("ID", "STATE", "ERROR"), [("a long id", "done", ""), ("b", "failed", "job.state")])

    assert capsys.readouterr().out.splitlines() == [
        "ID         STATE   ERROR",
        "a long id  done",
        "b          failed  job.state",
    ]


def test_a_table_without_rows_has_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    tell_table(("ID", "STATE"), [])

    assert capsys.readouterr().out == "ID  STATE\n"


def test_facts_are_words() -> None:
    assert [yes(True), yes(False)] == ["yes", "no"]
