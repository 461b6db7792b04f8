"""Whatever is made up from the dialect's document is answered as the document says."""

from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from api.dialects.tencent_smh.errors import CODES
from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.shop import SECRET, Shop

EXAMPLES = 10
# Beside what is made up: the way into a library that is there, and to what is in it.
PLACES = [None, ("drive", "-"), ("albums", "one"), ("albums", "two"), ("albums", "list")]
PATHS = [None, "docs", "docs/below", "summer", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"]


def _operations(served: Served) -> dict[str, Any]:
    schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    return {operation.label: operation for operation in found}


@pytest.fixture
def tokens(shop: Shop) -> dict[str, str]:
    """Tokens of a file library with a directory and a media library with an album, by holder."""
    drive = shop.library("drive", kind="file", public_read=True)
    for name in ("docs", "summer"):
        shop.directory(drive, name)
    shop.library("albums", multi_tenant=True, multi_album=True)
    for space_id in ("one", "two"):
        shop.directory(shop.space(space_id, "albums"), "summer")
    return {
        "nobody": "",
        "stranger": "acctk" + "x" * 43,
        "of-the-drive": shop.token("drive", "admin"),
        "of-a-space": shop.token("albums", "admin", space_ids=("one",)),
        "reader": shop.token("albums"),
    }


def test_the_document_tells_all_calls(served: Served) -> None:
    assert {label.split(" ")[0] for label in _operations(served)} == {
        *("GET", "HEAD", "PUT", "POST", "DELETE"),
    }
    assert len(_operations(served)) >= 24


@pytest.mark.parametrize("who", ["nobody", "stranger", "of-the-drive", "of-a-space", "reader"])
def test_every_answer_is_one_that_the_document_tells(
    served: Served, tokens: dict[str, str], who: str
) -> None:
    for operation in _operations(served).values():

        @seed(4)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(), place=st.sampled_from(PLACES), path=st.sampled_from(PATHS)
        )
        def check(case: Any, place: tuple[str, str] | None, path: str | None) -> None:
            _lead(case, place, path)
            if tokens[who] and "access_token" in case.operation.query:
                case.query = {**case.query, "access_token": tokens[who]}
            _is_as_told(case, case.call())

        check()


def _lead(case: Any, place: tuple[str, str] | None, path: str | None) -> None:
    told: dict[str, Any] = case.path_parameters or {}
    if place:
        told |= {"library_id": place[0], "space_id": place[1]}
        if case.operation.path == "/token":
            case.query = {**case.query, "library_id": place[0], "library_secret": SECRET}
    if path:
        told |= {"path": path, "transfer_id": path}
    names = {each.name for each in case.operation.path_parameters}
    case.path_parameters = {name: value for name, value in told.items() if name in names}


def _is_as_told(case: Any, answer: Any) -> None:
    raw = case.operation.definition.raw["responses"]
    assert answer.status_code < 500, (case.as_curl_command(), answer.text)
    assert str(answer.status_code) in raw, (case.as_curl_command(), answer.text)
    assert answer.headers["x-request-id"]
    assert answer.headers["access-control-allow-origin"] == ["*"]
    if case.method == "HEAD" or answer.status_code in {302, 304}:
        assert answer.content == b""
    elif answer.status_code < 300:
        answer.json()
    elif answer.headers["content-type"] == ["application/xml"]:
        assert case.operation.path.startswith("/storage/")
        assert ElementTree.fromstring(answer.text).findtext("RequestId")
    else:
        _is_refusal(case, answer, raw[str(answer.status_code)])


def _is_refusal(case: Any, answer: Any, told: dict[str, Any]) -> None:
    refusal = answer.json()
    assert answer.headers["content-type"] == ["application/json"]
    assert [refusal["requestId"]] == answer.headers["x-request-id"]
    assert CODES[refusal["code"]].status == answer.status_code
    schema = {**case.operation.schema.raw_schema["components"]["schemas"]["ErrorView"]}
    jsonschema.validate(refusal, schema)
    if not case.operation.path.startswith("/storage/"):
        assert f"`{refusal['code']}`" in told["description"], (case.as_curl_command(), refusal)
