"""A program for the environment of the vendors' clients: calls of Huawei VOD by its own client.

It imports nothing of ours. Reads `{"endpoint", "access_key", "secret", "project_id", "token"?,
"asynchronous", "calls": [{"call", …}]}` from each line of standard input and writes a line for
each, a list of outcomes: what the client makes of each answer, or of its exception.
"""

import json
import sys
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkvod.v1 import (
    ShowAssetDetailRequest,
    UpdateAssetRequest,
    UpdateCoverByThumbnailReq,
    UpdateCoverByThumbnailRequest,
    UploadAssetReq,
    VodAsyncClient,
    VodClient,
)
from requests.exceptions import RetryError


def client_of(told: dict[str, Any]) -> Any:
    kind = VodAsyncClient if told["asynchronous"] else VodClient
    config = HttpConfig.get_default_config()
    # Else the client writes a file into the home directory.
    config.user_agent = "tests"
    credentials = BasicCredentials(told["access_key"], told["secret"], told["project_id"])
    if told.get("security_token"):
        credentials = credentials.with_security_token(told["security_token"])
    builder = kind.new_builder().with_credentials(credentials).with_endpoint(told["endpoint"])
    client = builder.with_http_config(config).build()
    if told.get("token"):
        client.preset_headers = {"X-Auth-Token": told["token"]}
    return client


def request_of(call: dict[str, Any]) -> tuple[str, Any]:
    name = call["call"]
    if name == "set_cover":
        body = UpdateCoverByThumbnailReq(thumbnail_url=call.get("url"))
        return "update_cover_by_thumbnail", UpdateCoverByThumbnailRequest(body=body)
    if name == "set_nothing":
        return "update_cover_by_thumbnail", UpdateCoverByThumbnailRequest()
    if name == "details":
        asked = ShowAssetDetailRequest(
            asset_id=call.get("asset_id"), categories=call.get("categories")
        )
        return "show_asset_detail", asked
    assert name == "begin_upload"
    return "update_asset", UpdateAssetRequest(body=UploadAssetReq(**call["fields"]))


def outcome(client: Any, call: dict[str, Any], *, asynchronous: bool) -> dict[str, Any]:
    name, request = request_of(call)
    try:
        if asynchronous:
            answer = getattr(client, f"{name}_async")(request).result()
        else:
            answer = getattr(client, name)(request)
    except ServiceResponseException as refused:
        return {
            "kind": type(refused).__name__,
            "status": refused.status_code,
            "code": refused.error_code,
            "message": refused.error_msg,
            "request_id": refused.request_id,
        }
    except RetryError as refused:
        # The client's asynchronous form gives nothing better for 429.
        return {"kind": "RetryError", "status": 429, "code": "429", "message": str(refused)}
    return {"status": answer.status_code, "told": answer.to_dict()}


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        client, calls = client_of(told), told["calls"]
        outcomes = [outcome(client, each, asynchronous=told["asynchronous"]) for each in calls]
        sys.stdout.write(f"{json.dumps(outcomes)}\n")
        sys.stdout.flush()


main()
