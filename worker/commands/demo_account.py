"""The demo's account at the vendor APIs that its own instance serves, and profiles that use it."""

import json
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from worker.commands.accounts import new_account, new_secret, office_of
from worker.commands.instance import settings_in
from worker.contracts.accounts import Account
from worker.contracts.names import DEFAULT_TENANT
from worker.signing.wire import AccessKey

PROFILE: Final = "demo"


class DemoAccount(NamedTuple):
    """An account with its secret; another one for each run, since the instance keeps accounts."""

    info: Account
    secret: str

    @property
    def key(self) -> AccessKey:
        """What calls are signed with."""
        return AccessKey(self.info.access_key, self.secret)

    def __repr__(self) -> str:
        return f"DemoAccount({self.info.name!r})"


def draw_account() -> DemoAccount:
    """An account that is recorded nowhere yet: the settings must name it before there is Redis."""
    return DemoAccount(new_account(f"demo-{secrets.token_hex(4)}"), new_secret())


def keep_account(account: DemoAccount, data: Path) -> None:
    """Record it at the instance in a folder, as `firstframe accounts create` does."""
    with office_of(settings_in(data)) as office:
        office.open(account.info, account.secret)


def profiles(account: DemoAccount, base_url: str) -> dict[str, str]:
    """Settings by which `base_url` is each of the three vendors, called with this account."""
    same = {
        "base_url": base_url,
        "access_key": account.info.access_key,
        "secret_key": account.secret,
        "allow_private_addresses": "true",
    }
    return {
        **_section("providers", "huawei_vod", PROFILE, project_id=account.info.project_id, **same),
        **_section("providers", "alibaba_mps", PROFILE, **same),
        **_section("providers", "alibaba_vod", PROFILE, **same),
    }


def callbacks(webhook_secret: str) -> dict[str, str]:
    """Settings by which callback URLs on this machine are told, signed with one secret."""
    return _section(
        "webhooks",
        secrets=json.dumps({DEFAULT_TENANT: [webhook_secret]}),
        allow_http="true",
        allow_private_addresses="true",
    )


def _section(*names: str, **values: str) -> dict[str, str]:
    """Variables of the environment for the settings of a section."""
    return {
        "FIRSTFRAME_" + "__".join((*names, name)).upper(): value for name, value in values.items()
    }
