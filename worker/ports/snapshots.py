"""What snapshots need beside frames: sheets, their indexes, moving previews, a judge of frames."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from worker.geometry.grid import Grid
from worker.ports.media import View


class Canvas(Protocol):
    """A sprite sheet that is being filled; its memory is that of the whole sheet."""

    def place(self, number: int, view: View) -> None:
        """Draw the tile of that number, from 0, row by row; the view's pixels are copied.

        Raises: ValueError for a view of another size, and for a number the grid does not have.
        """

    def view(self) -> View:
        """The whole sheet as it stands; tiles not placed are black. No copy is made."""


class SheetMaker(Protocol):
    """Makes sprite sheets."""

    def canvas(self, grid: Grid) -> Canvas:
        """An empty, black sheet."""


class Tile(NamedTuple):
    """A tile of a storyboard, shown from `offset_ms` on; a missing one is black."""

    offset_ms: int
    missing: bool = False


class IndexedSheet(NamedTuple):
    """A finished sheet as an index refers to it; its tiles row by row.

    All sheets of a storyboard have one grid: players scale each to the size of the first, so a
    last one cut shorter would be shown stretched.
    """

    reference: str
    content_type: str
    size_bytes: int
    grid: Grid
    tiles: tuple[Tile, ...]


class StoryboardIndex(Protocol):
    """An index from time to tile, in one of the forms players read."""

    extension: str
    content_type: str

    def takes(self, sheet_type: str) -> bool:
        """Whether sheets of that content type may be in such an index."""

    def render(self, sheets: Sequence[IndexedSheet], *, step_ms: float, duration_ms: int) -> bytes:
        """The index as a file; a tile is shown for `step_ms`, the last until the end."""


class Animator(Protocol):
    """Makes a moving picture of frames of one size."""

    extension: str
    content_type: str

    def animate(self, views: Iterable[View], *, frame_ms: int, quality: int) -> bytes:
        """The frames in their order, each for `frame_ms`, for ever from the start.

        A view is taken when its turn comes and let go, so that few need to exist at once.
        Raises: ImageError; for no views, too, and for views of different sizes.
        """


class Look(NamedTuple):
    """How much a frame tells, 0 (black, flat, blurred) to 100, and a 64-bit print of its looks.

    Two frames whose prints differ in few bits look alike.
    """

    score: float
    print: int


class Scorer(Protocol):
    """Judges frames as pictures, faces aside."""

    def look(self, view: View) -> Look:
        """Judge a small view, short side about 128 to 256 px; same view, same look.

        One that comes to judge otherwise raises `rules.candidates.CANDIDATES_VERSION`.
        """
