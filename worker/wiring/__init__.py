"""Settings become adapters and state here and nowhere else; light, because names are strings."""

from worker.wiring.accounts import account_seal, callers
from worker.wiring.covers import (
    CoverParts,
    check_faces,
    cover_parts,
    import_adapters,
    making,
    visibility,
)
from worker.wiring.records import State, async_sights, catalogue, redis_client, state
from worker.wiring.snapshots import PlanParts, SnapshotParts, plan_parts, snapshot_parts
from worker.wiring.sources import (
    LookAtAlbum,
    OpenSource,
    album_looker,
    open_argument,
    source_opener,
)
from worker.wiring.stores import (
    checksum_parts,
    folder_destination,
    library,
    store,
    store_destination,
)

__all__ = [
    "CoverParts",
    "LookAtAlbum",
    "OpenSource",
    "PlanParts",
    "SnapshotParts",
    "State",
    "account_seal",
    "album_looker",
    "async_sights",
    "callers",
    "catalogue",
    "check_faces",
    "checksum_parts",
    "cover_parts",
    "folder_destination",
    "import_adapters",
    "library",
    "making",
    "open_argument",
    "plan_parts",
    "redis_client",
    "snapshot_parts",
    "source_opener",
    "state",
    "store",
    "store_destination",
    "visibility",
]
