"""Which grants of an access token each writing call asks for, as the vendor's pages list them.

`admin`, which allows everything, stands in none of them: `allows` knows it.
"""

from typing import Final

from api.dialects.tencent_smh.errors import RefusalError
from worker.contracts.libraries import Conflict, Grant, GrantName

Grants = tuple[GrantName, ...]

ADMIN: Final[Grants] = ("admin",)

BEGIN_OVERWRITING: Final[Grants] = ("space_admin", "upload_file_force", "begin_upload_force")
BEGIN_UPLOAD: Final[Grants] = (*BEGIN_OVERWRITING, "upload_file", "begin_upload")
CONFIRM_UPLOAD: Final[Grants] = (
    "space_admin",
    "upload_file",
    "upload_file_force",
    "confirm_upload",
)
MOVE_OVERWRITING: Final[Grants] = ("space_admin", "move_file_force")
MOVE_FILE: Final[Grants] = (*MOVE_OVERWRITING, "move_file")
DELETE_FILE: Final[Grants] = ("space_admin", "delete_file")
CREATE_DIRECTORY: Final[Grants] = ("space_admin", "create_directory")
MOVE_DIRECTORY: Final[Grants] = ("space_admin", "move_directory")
DELETE_DIRECTORY: Final[Grants] = ("space_admin", "delete_directory")
CREATE_SPACE: Final[Grants] = ("create_space",)
DELETE_SPACE: Final[Grants] = ("delete_space",)
CHANGE_SPACE: Final[Grants] = ("space_admin",)
# Of these a caller must have one before its body is read, which tells which of them it asks for.
WRITE_FILE: Final[Grants] = (*BEGIN_UPLOAD, *CONFIRM_UPLOAD, *MOVE_FILE)
WRITE_DIRECTORY: Final[Grants] = (*CREATE_DIRECTORY, *MOVE_DIRECTORY)


def allows(grant: Grant | None, *wanted: GrantName) -> bool:
    """Whether a token holds one of `wanted`, or `admin`."""
    return grant is not None and not {*ADMIN, *wanted}.isdisjoint(grant.grants)


def require(grant: Grant | None, *wanted: GrantName) -> None:
    """Raises: RefusalError `NoPermission` where the token does not allow it."""
    if not allows(grant, *wanted):
        raise RefusalError("NoPermission")


def begin_upload(conflict: Conflict) -> Grants:
    """Replacing a file asks for more than adding one."""
    return BEGIN_OVERWRITING if conflict == "overwrite" else BEGIN_UPLOAD


def move_file(conflict: Conflict) -> Grants:
    """Replacing a file asks for more than moving one to a free name."""
    return MOVE_OVERWRITING if conflict == "overwrite" else MOVE_FILE
