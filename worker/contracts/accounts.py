"""Accounts of the served vendor APIs: whose calls they are, and which media those may see."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from worker.contracts.catalogue import HexId
from worker.contracts.results import Frozen

Dialect = Literal["huawei_vod", "alibaba"]

DIALECTS: Final[tuple[Dialect, ...]] = ("alibaba", "huawei_vod")
NAME_FORM: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"
# As the vendors' look; a name, which is in small letters, is never one.
ACCESS_KEY_FORM: Final = r"^[A-Z0-9]{20}$"


class Account(Frozen):
    """Who may call which dialects, for which tenant. `media` None: all of the tenant's.

    `project_id` is what Huawei's paths name. `previous_until`: the secret before the last rotation
    counts until then.
    """

    name: Annotated[str, Field(pattern=NAME_FORM)]
    tenant: str
    access_key: Annotated[str, Field(pattern=ACCESS_KEY_FORM)]
    project_id: HexId
    dialects: Annotated[tuple[Dialect, ...], Field(min_length=1)] = DIALECTS
    media: tuple[HexId, ...] | None = None
    created_at: datetime
    disabled: bool = False
    previous_until: datetime | None = None

    def may_see(self, medium_id: str) -> bool:
        """Whether a medium of the tenant exists for this account."""
        return self.media is None or medium_id in self.media
