"""`firstframe accounts`: who may call the vendor APIs that are served here."""

import json as json_module
import re
import secrets
import string
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, NoReturn

import typer

from worker import wiring
from worker.commands.lists import AsJson, tell, tell_table, yes
from worker.contracts.accounts import DIALECTS, NAME_FORM, Account
from worker.contracts.names import DEFAULT_TENANT
from worker.errors import CoverError
from worker.rules.keys import is_tenant
from worker.rules.urls import shown
from worker.settings import Settings
from worker.state.accounts import AccountRecords
from worker.state.sealing import Seal

ACCESS_KEY_CHARACTERS = 20
SECRET_CHARACTERS = 40
HEAD = ("NAME", "TENANT", "ACCESS KEY", "PROJECT", "DIALECTS", "MEDIA", "DISABLED", "CREATED")

NameOrKey = Annotated[str, typer.Argument(metavar="NAME|ACCESS_KEY", help="The account.")]

accounts = typer.Typer(
    help="Accounts of the APIs that are served as Huawei VOD and Alibaba: make, list, rotate.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Office(NamedTuple):
    """Where accounts are recorded, and what seals their secrets."""

    records: AccountRecords
    seal: Seal

    def known(self, name_or_key: str) -> Account:
        """The account; ends the program with 1 where there is none."""
        account = self.records.read(name_or_key)
        if account is None:
            _fail(f"account.not_found: there is no account {name_or_key!r}")
        return account

    def open(self, account: Account, secret: str) -> None:
        """Record an account with its secret. Raises: RequestError `account.conflict`."""
        sealed = self.seal.seal(secret, bound_to=account.access_key)
        self.records.create(account, sealed=sealed)


@contextmanager
def office_of(settings: Settings) -> Iterator[Office]:
    """The accounts of an installation. Raises: RequestError `queue.unavailable`."""
    with wiring.redis_client(settings, timeout_s=settings.redis.timeout_s) as client:
        yield Office(AccountRecords(client), wiring.account_seal(settings))


@contextmanager
def _opened(*, sealing: bool = False) -> Iterator[Office]:
    """Ends the program with a line where what is asked for meanwhile cannot be done."""
    settings = Settings.read()
    if sealing and settings.accounts.key is None:
        _refuse("accounts.key is not set (FIRSTFRAME_ACCOUNTS__KEY): it encrypts the secrets")
    try:
        with office_of(settings) as office:
            yield office
    except CoverError as error:
        if error.code != "queue.unavailable":
            _fail(str(error))
        where = shown(settings.redis.url.get_secret_value())
        _fail(f"{error.code}: Redis does not answer at {where}")


@accounts.command("create", short_help="Make an account; tells its secret once.")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    tenant: Annotated[str, typer.Option(help="Whose media it sees.")] = DEFAULT_TENANT,
    dialect: Annotated[
        list[str] | None,
        typer.Option(help="An API it may call: alibaba, huawei_vod; repeat it. Absent: all."),
    ] = None,
    medium: Annotated[
        list[str] | None, typer.Option(help="A medium it may see; repeat it. Absent: all.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Make an account. Its secret is told here and never again; it is kept encrypted."""
    if not re.fullmatch(NAME_FORM, name):
        _refuse(f"NAME {name!r}: expected small letters, digits, '_' and '-', at most 63")
    if not is_tenant(tenant):
        _refuse(f"--tenant {tenant!r}: expected small letters, digits, '_' and '-'")
    for each in set(dialect or ()).difference(DIALECTS):
        _refuse(f"--dialect {each!r}: expected {' or '.join(DIALECTS)}")
    for each in medium or ():
        if not re.fullmatch("[0-9a-f]{32}", each):
            _refuse(f"--medium {each!r}: expected 32 hexadecimal digits")
    account = new_account(name, tenant=tenant, dialects=dialect or DIALECTS, media=medium)
    secret = new_secret()
    with _opened(sealing=True) as office:
        office.open(account, secret)
    told = {"access_key": account.access_key, "secret": secret, "project_id": account.project_id}
    _tell_once(told, as_json=json)


@accounts.command("list", short_help="List all accounts.")
def list_all(json: AsJson = False) -> None:
    """List all accounts by their names; never their secrets."""
    with _opened() as office:
        found = office.records.list()
    if json:
        for account in found:
            tell(account.model_dump_json())
        return
    tell_table(HEAD, [_row(account) for account in found])


@accounts.command("rotate", short_help="Give an account a new secret, told once.")
def rotate(
    account: NameOrKey,
    overlap_s: Annotated[
        float, typer.Option(min=0, max=30 * 86_400, help="How long the old secret counts as well.")
    ] = 86_400,
    json: AsJson = False,
) -> None:
    """Give an account a new secret. With `--overlap-s 0` the old one, and its tokens, end at once.

    API processes notice within 2 s. A secret that was replaced before counts no more in any case.
    """
    secret = new_secret()
    with _opened(sealing=True) as office:
        access_key = office.known(account).access_key
        sealed = office.seal.seal(secret, bound_to=access_key)
        office.records.rotate(access_key, sealed=sealed, overlap_s=overlap_s)
    until = datetime.now(UTC) + timedelta(seconds=overlap_s)
    told = {
        "access_key": access_key,
        "secret": secret,
        "previous_until": until.isoformat(timespec="seconds"),
    }
    _tell_once(told, as_json=json)


@accounts.command("disable", short_help="Refuse an account's calls.")
def disable(account: NameOrKey) -> None:
    """Refuse an account's calls, from 2 s later at the latest."""
    _set_disabled(account, True)


@accounts.command("enable", short_help="Take a disabled account's calls again.")
def enable(account: NameOrKey) -> None:
    """Take a disabled account's calls again, from 2 s later at the latest."""
    _set_disabled(account, False)


def _set_disabled(name_or_key: str, disabled: bool) -> None:
    with _opened() as office:
        office.records.set_disabled(office.known(name_or_key).access_key, disabled)


def new_account(
    name: str,
    *,
    tenant: str = DEFAULT_TENANT,
    dialects: Collection[str] = DIALECTS,
    media: Collection[str] | None = None,
) -> Account:
    """An account that is recorded nowhere yet, with ids of its own. No `media`: all it may see."""
    return Account(
        name=name,
        tenant=tenant,
        access_key=_text(string.ascii_uppercase + string.digits, ACCESS_KEY_CHARACTERS),
        project_id=secrets.token_hex(16),
        dialects=tuple(each for each in DIALECTS if each in dialects),
        media=tuple(sorted(set(media))) if media else None,
        created_at=datetime.now(UTC),
    )


def new_secret() -> str:
    """A secret for an account, drawn at random."""
    return _text(string.ascii_letters + string.digits, SECRET_CHARACTERS)


def _text(alphabet: str, characters: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(characters))


def _tell_once(told: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        tell(json_module.dumps(told))
        return
    for name, value in told.items():
        tell(f"{name:<14}  {value}")
    tell("The secret is not shown again: keep it where your client finds it.")


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.name,
        account.tenant,
        account.access_key,
        account.project_id,
        ",".join(account.dialects),
        "all" if account.media is None else str(len(account.media)),
        yes(account.disabled),
        account.created_at.strftime("%Y-%m-%d %H:%M:%SZ"),
    )


def _fail(text: str) -> NoReturn:
    """End the program: what was asked cannot be done."""
    sys.stderr.write(f"firstframe accounts: {text}\n")
    raise typer.Exit(1)


def _refuse(text: str) -> NoReturn:
    """End the program: what was asked makes no sense."""
    sys.stderr.write(f"firstframe accounts: {text}\n")
    raise typer.Exit(2)
