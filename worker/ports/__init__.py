"""The ports: what the stories need from the world, one Protocol each. Adapters implement them.

Laws every adapter passes are in `tests/contract/`. Errors are `worker.errors` only; adapters
translate foreign exceptions at their border.
"""

from worker.ports.attempts import Attempt, Tokens
from worker.ports.keeping import Destination, Output, Placed, Results, Store, StoredObject
from worker.ports.libraries import Entries, Library, LinkLook, Transfers
from worker.ports.media import (
    AlbumSource,
    Decoder,
    Encoder,
    FaceDetector,
    FoundFace,
    Frame,
    OpenMedium,
    Reader,
    Source,
    View,
)
from worker.ports.snapshots import (
    Animator,
    Canvas,
    IndexedSheet,
    Look,
    Scorer,
    SheetMaker,
    StoryboardIndex,
    Tile,
)

__all__ = [
    "AlbumSource",
    "Animator",
    "Attempt",
    "Canvas",
    "Decoder",
    "Destination",
    "Encoder",
    "Entries",
    "FaceDetector",
    "FoundFace",
    "Frame",
    "IndexedSheet",
    "Library",
    "LinkLook",
    "Look",
    "OpenMedium",
    "Output",
    "Placed",
    "Reader",
    "Results",
    "Scorer",
    "SheetMaker",
    "Source",
    "Store",
    "StoredObject",
    "StoryboardIndex",
    "Tile",
    "Tokens",
    "Transfers",
    "View",
]
