"""`firstframe notices`: what callback URLs were told, and telling them again."""

from typing import Annotated, get_args

import typer

from worker.commands import ledger_parts as parts
from worker.commands.lists import AsJson, tell, tell_table
from worker.contracts.records import Delivery, DeliveryState
from worker.rules.urls import shown

HEAD = ("ID", "STATE", "TYPE", "URL", "ATTEMPTS", "CREATED", "NEXT", "ERROR")

notices = typer.Typer(
    help="Messages to callback URLs: list them, deliver them again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@notices.command("list", short_help="List messages, newest first.")
def list_all(
    state: Annotated[str | None, typer.Option(help="pending, delivered or failed.")] = None,
    tenant: parts.Tenant = parts.OWN_TENANT,
    limit: parts.Limit = 50,
    json: AsJson = False,
) -> None:
    """List what callback URLs are told; `--state failed` are those that were given up."""
    parts.check_word("notices list", "--state", state, get_args(DeliveryState))
    with parts.opened("notices list") as opened:

        def page(cursor: str | None, rows: int) -> tuple[list[Delivery], str | None]:
            found = opened.notices.page(tenant, state, cursor=cursor, limit=rows)
            return found.notices, found.next_cursor

        found = parts.all_rows(page, limit)
        if not json:
            tell_table(HEAD, [_row(each) for each in found])
            return
        for each in found:
            tell(each.model_copy(update={"url": shown(each.url)}).model_dump_json())


@notices.command("replay", short_help="Deliver messages again.")
def replay(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Messages that have ended.")],
    tenant: parts.Tenant = parts.OWN_TENANT,
) -> None:
    """Deliver messages again, each as it was, with its old id; its endpoint is called again though
    it answered 410.

    Exit status: 0 all wait for delivery, 1 some cannot be delivered again (the others are).
    """
    with parts.opened("notices replay") as opened:

        def again(notice_id: str) -> None:
            opened.notices.replay(tenant, notice_id)
            tell(f"{notice_id} waits to be delivered again")

        done = parts.done_to_each("notices replay", ids, again)
        opened.lanes.release("notify")
    if not done:
        raise typer.Exit(1)


def _row(notice: Delivery) -> tuple[str, ...]:
    return (
        *(notice.id, notice.state, notice.type, shown(notice.url), str(notice.attempts)),
        *(parts.moment(notice.created_at), parts.moment(notice.next_at)),
        parts.error_code(notice.error),
    )
