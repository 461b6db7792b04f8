"""A program for the environment of the vendors' clients: calls of Alibaba MPS and VOD by their own.

It imports nothing of ours. Reads `{"endpoint", "access_key", "secret", "security_token"?, "client",
"calls": [{"action", "given": {"MediaId": …}}]}` from each line of standard input and writes a line
for each, a list of outcomes: what the client makes of each answer, or of its exception. `client` is
`sync`, `async`, the same with `_v2` for signatures of the RPC style, or `legacy`.
"""

import asyncio
import importlib
import json
import re
import sys
from typing import Any

from alibabacloud_mts20140618 import models as mts_models
from alibabacloud_mts20140618.client import Client as MtsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vod20170321 import models as vod_models
from alibabacloud_vod20170321.client import Client as VodClient
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient

OF_MTS = ("UpdateMediaCover", "QueryMediaList")


def in_snake_case(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def client_of(told: dict[str, Any], kind: Any) -> Any:
    more = {"signature_algorithm": "v2"} if told["client"].endswith("_v2") else {}
    if told.get("security_token"):
        more["security_token"] = told["security_token"]
    return kind(
        Config(
            access_key_id=told["access_key"],
            access_key_secret=told["secret"],
            endpoint=told["endpoint"],
            protocol="HTTP",
            **more,
        )
    )


async def by_current(told: dict[str, Any]) -> list[dict[str, Any]]:
    mts, vod = client_of(told, MtsClient), client_of(told, VodClient)
    outcomes = []
    for call in told["calls"]:
        action = call["action"]
        client, models = (mts, mts_models) if action in OF_MTS else (vod, vod_models)
        fields = {in_snake_case(name): value for name, value in call["given"].items()}
        request = getattr(models, f"{action}Request")(**fields)
        try:
            if told["client"].startswith("async"):
                answer = await getattr(client, f"{in_snake_case(action)}_async")(request)
            else:
                answer = getattr(client, in_snake_case(action))(request)
        except AlibabaCloudException as refused:
            outcomes.append(
                {
                    "kind": type(refused).__name__,
                    "status": refused.status_code,
                    "code": refused.code,
                    "message": refused.message,
                    "request_id": refused.request_id,
                    "retry_after": getattr(refused, "retry_after", None),
                }
            )
        else:
            outcomes.append({"status": answer.status_code, "told": answer.body.to_map()})
    return outcomes


def legacy_client(told: dict[str, Any]) -> Any:
    if told.get("security_token"):
        token = StsTokenCredential(told["access_key"], told["secret"], told["security_token"])
        return AcsClient(region_id="cn-shanghai", credential=token, auto_retry=False)
    return AcsClient(told["access_key"], told["secret"], "cn-shanghai", auto_retry=False)


def by_legacy(told: dict[str, Any]) -> list[dict[str, Any]]:
    client, outcomes = legacy_client(told), []
    for call in told["calls"]:
        action = call["action"]
        package = "mts.request.v20140618" if action in OF_MTS else "vod.request.v20170321"
        name = f"{action}Request"
        request = getattr(importlib.import_module(f"aliyunsdk{package}.{name}"), name)()
        request.set_endpoint(told["endpoint"])
        for field, value in call["given"].items():
            getattr(request, f"set_{field}")(value)
        try:
            answer = client.do_action_with_exception(request)
        except ServerException as refused:
            outcomes.append(
                {
                    "kind": type(refused).__name__,
                    "status": refused.http_status,
                    "code": refused.error_code,
                    "message": refused.message,
                    "request_id": refused.request_id,
                }
            )
        else:
            outcomes.append({"status": 200, "told": json.loads(answer)})
    return outcomes


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        legacy = told["client"] == "legacy"
        outcomes = by_legacy(told) if legacy else asyncio.run(by_current(told))
        sys.stdout.write(f"{json.dumps(outcomes)}\n")
        sys.stdout.flush()


main()
