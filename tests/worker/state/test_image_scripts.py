"""The scripts of image records do a bounded amount of work at a time."""

from pathlib import Path

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, key_of
from worker.state.images import MAX_LOOKED_AT, ImageFilters


def test_a_page_ends_after_so_many_records_and_tells_where_to_go_on(
    parts: Parts, tmp_path: Path
) -> None:
    gallery = Gallery(parts, tmp_path)
    parts.slots(10)
    job = gallery.take(64)
    record = gallery.record(job)
    count = MAX_LOOKED_AT + 5
    gallery.images.keep(
        gallery.begin(job).job,
        (
            record.model_copy(update={"image_id": f"{number:032x}", "key": key_of(number)})
            for number in range(count)
        ),
    )
    filters = ImageFilters(type="CoverSnapshot", medium="0" * 32)
    wanted = ImageFilters(type="CoverSnapshot")

    assert gallery.images.page("ann", filters, cursor=None, limit=10) == ([], None)
    page = gallery.images.page("ann", wanted, cursor=None, limit=MAX_LOOKED_AT + 100)
    assert len(page.images) == MAX_LOOKED_AT
    rest = gallery.images.page("ann", wanted, cursor=page.next_cursor, limit=MAX_LOOKED_AT)
    assert (len(rest.images), rest.next_cursor) == (count + 1 - MAX_LOOKED_AT, None)
