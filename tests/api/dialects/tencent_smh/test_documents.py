"""The dialect's OpenAPI document: true to what is answered, whatever is sent."""

from typing import Any

import httpx2
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from api.dialects.tencent_smh.errors import CODES
from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.shop import Shop

EXAMPLES = 8
READING = {
    "/album/{library_id}/{space_id}/cover",
    "/album/{library_id}/{space_id}/cover/{path}",
    "/file/{library_id}/{space_id}/{path}",
    "/directory/{library_id}/{space_id}",
    "/directory/{library_id}/{space_id}/{path}",
    "/directory-history/{library_id}/{space_id}/history-list/{path}",
    "/space/{library_id}/{space_id}/extension",
    "/space/{library_id}/{space_id}/size",
    "/space/{library_id}/{space_id}/file-count",
}


@pytest.fixture
def document(api: httpx2.Client) -> dict[str, Any]:
    return dict(api.get("/openapi.json").json())


def test_the_document_is_served_below_the_prefix(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]
    assert set(document["paths"]) >= READING
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reading_call_tells_its_parameters_and_its_refusals(
    document: dict[str, Any],
) -> None:
    for path in READING:
        told = document["paths"][path]["get"]
        names = {(each["in"], each["name"]) for each in told["parameters"]}
        assert ("query", "access_token") in names
        assert names >= {("path", each) for each in ("library_id", "space_id")}
        assert {"400", "403", "404", "500", "503"} <= set(told["responses"])
        assert not {"401", "405", "422"} & set(told["responses"])


def test_no_code_has_a_status_that_the_vendor_does_not_give() -> None:
    assert {row.status for row in CODES.values()} <= {400, 403, 404, 409, 451, 500, 503}


@pytest.mark.parametrize("inside", [False, True], ids=["anywhere", "in-a-library"])
def test_whatever_is_sent_is_answered_in_the_form_that_is_documented(
    served: Served, shop: Shop, inside: bool
) -> None:
    """Calls that schemathesis makes up from the document; those of a library have a token."""
    shop.directory(shop.library("smh1", kind="file"), "x")
    token = shop.token()
    schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    reading = schema.include(method="GET", path=sorted(READING))
    asked = set()
    for found in reading.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.add(operation.path)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            if inside:
                case.path_parameters |= {"library_id": "smh1", "space_id": "-"}
                case.query = {**case.query, "access_token": token}
            _is_as_documented(case, case.call())

        check()
    assert asked == READING


def _is_as_documented(case: Any, answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in case.operation.definition.raw["responses"] | {"304": {}}
    assert answer.headers["x-request-id"]
    if answer.status_code >= 400:
        told = answer.json()
        assert set(told) == {"code", "message", "requestId"}
        assert CODES[told["code"]].status == answer.status_code
