"""Every name in the registry is a class that can be had."""

import pytest

from worker import registry

TABLES = {name: table for name, table in vars(registry).items() if name.isupper()}
ROWS = [(table, name) for table in TABLES for name in TABLES[table]]


@pytest.mark.parametrize(("table", "name"), ROWS, ids=lambda value: value)
def test_every_row_resolves_to_a_class(table: str, name: str) -> None:
    adapter = registry.load(TABLES[table], name)

    assert isinstance(adapter, type)


def test_an_adapter_is_named_after_its_product_and_its_port() -> None:
    media = ("Source", "Decoder", "Detector", "Scorer", "Saliency", "Encoder")
    drawn = ("SheetMaker", "Index", "Animator")
    kept = ("Store", "Destination", "Publisher", "Library", "Provider", "Messenger")
    ports = (*media, *drawn, *kept)
    classes = [row.partition(":")[2] for table in TABLES.values() for row in table.values()]

    assert [name for name in classes if not name.endswith(ports) or name in ports] == []


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="known: local, minio"):
        registry.load(registry.STORES, "nowhere")
