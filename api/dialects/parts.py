"""What the calls of a served vendor API are made of, handed over by the application around it."""

from typing import NamedTuple, cast

from starlette.requests import Request

from api.dialects.callers import Gate
from api.setting import Setting
from api.waiting import Waiters
from worker.contracts.accounts import Account, Dialect
from worker.contracts.targets import VendorApi
from worker.ports import Store
from worker.settings import Settings
from worker.wiring import State


class Parts(NamedTuple):
    """Shared by all calls."""

    settings: Settings
    state: State
    store: Store
    gate: Gate
    waiters: Waiters

    def setting(self, account: Account, by: VendorApi) -> Setting:
        """What the account reaches and sets by that API."""
        return Setting(
            self.state,
            self.store,
            self.settings.fetch,
            account.tenant,
            by=by,
            may_see=account.may_see,
        )


def parts_of(request: Request, dialect: Dialect) -> Parts:
    """The parts that the dialect's `app.make_dialect` was given."""
    return cast(Parts, getattr(request.app.state, dialect))
