"""Which grants of an access token each writing call asks for, as the vendor's pages list them.

`admin`, which allows everything, stands in none of them: `access.writing` knows it.
"""

from typing import Final

from worker.contracts.libraries import Conflict

BEGIN_OVERWRITING: Final = ("space_admin", "upload_file_force", "begin_upload_force")
BEGIN_UPLOAD: Final = (*BEGIN_OVERWRITING, "upload_file", "begin_upload")
CONFIRM_UPLOAD: Final = ("space_admin", "upload_file", "upload_file_force", "confirm_upload")
MOVE_OVERWRITING: Final = ("space_admin", "move_file_force")
MOVE_FILE: Final = (*MOVE_OVERWRITING, "move_file")
DELETE_FILE: Final = ("space_admin", "delete_file")
CREATE_DIRECTORY: Final = ("space_admin", "create_directory")
MOVE_DIRECTORY: Final = ("space_admin", "move_directory")
DELETE_DIRECTORY: Final = ("space_admin", "delete_directory")
CREATE_SPACE: Final = ("create_space",)
DELETE_SPACE: Final = ("delete_space",)
CHANGE_SPACE: Final = ("space_admin",)


def begin_upload(conflict: Conflict) -> tuple[str, ...]:
    """Replacing a file asks for more than adding one."""
    return BEGIN_OVERWRITING if conflict == "overwrite" else BEGIN_UPLOAD


def move_file(conflict: Conflict) -> tuple[str, ...]:
    """Replacing a file asks for more than moving one to a free name."""
    return MOVE_OVERWRITING if conflict == "overwrite" else MOVE_FILE
