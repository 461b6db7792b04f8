"""The form of answers: JSON or XML, as the caller has it."""

from functools import partial
from xml.etree import ElementTree

import httpx2
import pytest

from tests.api.dialects.alibaba.shelf import (
    NOBODY,
    REQUEST_ID,
    Shelf,
    Signature,
    code_of,
    told_by,
)


def root_of(answer: httpx2.Response) -> ElementTree.Element:
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert REQUEST_ID.fullmatch(root.findtext("RequestId") or "")
    return root


@pytest.mark.parametrize(
    ("signature", "told", "is_xml"),
    [
        ("v1", {}, True),
        ("v1", {"Format": "XML"}, True),
        ("v1", {"Format": "xml"}, True),
        ("v1", {"Format": "JSON"}, False),
        ("v1", {"Format": "json"}, False),
        ("v1", {"Format": ""}, True),
        ("acs3", {}, False),
        ("acs3", {"Format": "XML"}, True),
        ("acs3", {"Format": "JSON"}, False),
    ],
)
def test_the_format_is_the_callers(
    shelf: Shelf, signature: Signature, told: dict[str, str], is_xml: bool
) -> None:
    for in_form in (False, True):
        ask_for = partial(shelf.mps, "QueryMediaList", signature=signature, in_form=in_form)
        good, bad = ask_for({"MediaIds": NOBODY, **told}), ask_for({"MediaIds": "x", **told})
        if is_xml:
            check_xml(good, bad)
        else:
            told_by(good)
            assert code_of(bad) == (400, "InvalidParameter.UUIDFormatInvalid")


def check_xml(good: httpx2.Response, bad: httpx2.Response) -> None:
    root, wrong = root_of(good), root_of(bad)
    assert root.tag == "QueryMediaListResponse"
    assert [each.text for each in root.findall("NonExistMediaIds/MediaId")] == [NOBODY]
    assert wrong.tag == "Error"
    names = ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert [each.tag for each in wrong] == names


def test_another_format_is_refused(shelf: Shelf) -> None:
    told = {"MediaIds": NOBODY, "Format": "YAML"}
    root = root_of(shelf.mps("QueryMediaList", told, signature="v1"))
    assert root.findtext("Code") == "InvalidParameter.Format"
    answer = shelf.mps("QueryMediaList", told)
    assert code_of(answer) == (400, "InvalidParameter.Format")


def test_any_text_can_be_told_in_xml(shelf: Shelf) -> None:
    video = shelf.piece().media_id
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "Title": "a<b>&\x00\x0b]]>封"}))

    root = root_of(shelf.vod("GetVideoInfo", {"VideoId": video, "Format": "XML"}))

    assert root.findtext("Video/Title") == "a<b>&��]]>封"
    assert root.findtext("Video/Duration") == "10.0"
