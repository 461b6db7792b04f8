"""`firstframe records`: covers written back to providers, and whether they still stand there."""

import json as json_module
from collections.abc import Iterator
from typing import Annotated, Any, get_args

import typer

from worker.commands import ledger_parts as parts
from worker.commands.lists import AsJson, tell, tell_table
from worker.commands.reconciling import reconcile
from worker.contracts.records import Record, RecordState
from worker.contracts.targets import ProviderName
from worker.rules.records import account_of, target_id
from worker.state.records import RecordFilters
from worker.wiring import State

HEAD = ("ID", "STATE", "ACCOUNT", "TARGET", "JOB", "ATTEMPTS", "CREATED", "NEXT", "ERROR")

records = typer.Typer(
    help="The ledger of covers recorded at providers: list, retry, compare with what they show.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
records.command(
    "reconcile", short_help="Compare what stands by the ledger with what providers show."
)(reconcile)


@records.command("list", short_help="List records, newest first.")
def list_all(
    state: Annotated[
        str | None, typer.Option(help="pending, recorded, superseded or failed.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="As huawei_vod or webhook.")] = None,
    job: Annotated[str | None, typer.Option(help="Of this job.")] = None,
    target: Annotated[str | None, typer.Option(help="By the provider's id or path.")] = None,
    tenant: parts.Tenant = parts.OWN_TENANT,
    limit: parts.Limit = 50,
    json: AsJson = False,
) -> None:
    """List records, those of jobs and those asked for by themselves."""
    parts.check_word("records list", "--state", state, get_args(RecordState))
    parts.check_word("records list", "--provider", provider, get_args(ProviderName))
    filters = RecordFilters(state, provider, job, None, target)
    with parts.opened("records list") as opened:
        found = _pages(opened, tenant, filters, limit)
        if not json:
            tell_table(HEAD, [_row(each) for each in found])
            return
        for each in found:
            tell(json_module.dumps(_told(each), ensure_ascii=False))


@records.command("show", short_help="Show a record.")
def show(
    record: Annotated[str, typer.Argument(metavar="ID", help="The record.")],
    tenant: parts.Tenant = parts.OWN_TENANT,
) -> None:
    """Show all that is known of a record, as JSON."""
    with parts.opened("records show") as opened:
        found = opened.records.read(tenant, record)
    if found is None:
        parts.fail("records show", f"request.not_found: {tenant!r} has no record {record!r}")
    tell(json_module.dumps(_told(found), ensure_ascii=False, indent=2))


@records.command("retry", short_help="Run failed records again.")
def retry(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Records that have failed.")],
    tenant: parts.Tenant = parts.OWN_TENANT,
) -> None:
    """Run failed records again, each as a newer order than all before.

    One whose job failed has no cover: retry its job.
    Exit status: 0 all are queued, 1 some cannot be run again (the others are queued).
    """
    with parts.opened("records retry") as opened:

        def again(record_id: str) -> None:
            opened.lanes.release(opened.records.retry(tenant, record_id).lane)
            tell(f"{record_id} is queued again")

        done = parts.done_to_each("records retry", ids, again)
    if not done:
        raise typer.Exit(1)


def _pages(state: State, tenant: str, filters: RecordFilters, limit: int) -> Iterator[Record]:
    def page(cursor: str | None, rows: int) -> tuple[list[Record], str | None]:
        found = state.records.page(tenant, filters, cursor=cursor, limit=rows)
        return found.records, found.next_cursor

    return parts.all_rows(page, limit)


def _told(record: Record) -> dict[str, Any]:
    return {"provider": record.provider, **record.model_dump(mode="json")}


def _row(record: Record) -> tuple[str, ...]:
    return (
        *(record.id, record.state, account_of(record.target), target_id(record.target)),
        *(record.job or "", str(record.attempts), parts.moment(record.created_at)),
        *(parts.moment(record.next_at), parts.error_code(record.error)),
    )
