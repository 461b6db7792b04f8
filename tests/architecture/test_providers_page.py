"""The page of providers says what the program goes by: its sheets, and settings that are taken."""

import re
import tomllib

import pytest
from pydantic import BaseModel

from tests.architecture.house import ROOT
from worker.contracts.targets import ProviderName
from worker.rules.capabilities import CAPABILITIES, Capability, Way
from worker.settings import ProviderSettings, StoreSettings

PAGE = (ROOT / "docs" / "providers.md").read_text()
SECTIONS: dict[str, type[BaseModel]] = {"providers": ProviderSettings, "store": StoreSettings}
NEEDS = {
    "url": "a public cover, by its URL",
    "bytes": "the picture itself",
    "nothing": "nothing",
}


def way_text(name: str, way: Way, setting: str | None) -> str:
    """One way of recording as its row says it."""
    said = [f'`{setting} = "{name}"`: ' if setting else "", f"needs {NEEDS[way.needs]}"]
    if way.content_types:
        said.append(f", {' or '.join(way.content_types)}")
    if way.calls:
        said.append(f"; by {', '.join(way.calls)}")
    said.append(f"; {'reads back' if way.reads_back else 'does not read back'}")
    return "".join(said)


def sheet(capability: Capability) -> str:
    """A provider's sheet as the page shows it."""
    ways = tuple(way_text(name, way, capability.setting) for name, way in capability.ways.items())
    rows = {
        "Ways": ways,
        "URL": (capability.url.text,) if capability.writes_url else (),
        "Limits": capability.limits,
        "Documented": capability.documented,
        "Guessed": capability.guessed,
        "Untried": capability.untried,
    }
    lines = [f"| **{capability.title}** | |", "|---|---|"]
    lines += [f"| {name} | {'<br>'.join(said)} |" for name, said in rows.items() if said]
    return "\n".join(lines)


@pytest.mark.parametrize("provider", list(CAPABILITIES))
def test_the_page_shows_the_sheet_of_every_provider(provider: ProviderName) -> None:
    expected = sheet(CAPABILITIES[provider])

    assert f"\n\n{expected}\n\n" in PAGE, f"docs/providers.md has to have:\n\n{expected}\n"


def test_a_sheet_says_what_is_not_so_otherwise() -> None:
    capability = CAPABILITIES["alibaba_vod"]
    blind = {"": capability.ways[""]._replace(reads_back=False)}

    assert sheet(capability._replace(ways=blind)) not in PAGE


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_the_settings_of_the_page_are_taken(block: str) -> None:
    told = tomllib.loads(block)

    for section, fields in told.items():
        taken = SECTIONS[section].model_validate(fields)
        assert taken.model_fields_set == set(fields)
