"""A program for the environment of the vendors' clients: what their own signing makes of requests.

It imports nothing of ours. Reads `{"huawei": [request…], "acs3": […], "rpc": […], "webhooks": […]}`
from standard input and writes `{"wrong": {scheme: [request…]}, "told": {scheme: count}, "recorded":
{scheme: [text…]}}`: the requests that the vendors' functions sign otherwise, how many they tell as
wrong when the secret is another, and what the vendors' clients themselves send (the bytes as
latin-1). A request is `{"method", "target",
"query", "headers", "body", "id", "secret"}`.
"""

import asyncio
import json
import random
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote

from alibabacloud_mts20140618.client import Client as MtsClient
from alibabacloud_mts20140618.models import UpdateMediaCoverRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_vod20170321.client import Client as AlibabaVodClient
from alibabacloud_vod20170321.models import UpdateVideoInfoRequest
from aliyunsdkcore.auth.composer import rpc_signature_composer as legacy
from darabonba.request import DaraRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkvod.v1 import (
    ShowAssetDetailRequest,
    UpdateCoverByThumbnailReq,
    UpdateCoverByThumbnailRequest,
    VodClient,
)
from standardwebhooks import Webhook

Request = dict[str, Any]

CALLS = 500
LETTERS = "abcXYZ019 ~*'()!+%&=/?#:;,@$\"\\<>{}[]|^`äß封面😀-_."
SECRET = "vendors' secret"
TOKEN = "temporary+/token=="


def signed_headers(request: Request) -> dict[str, str]:
    """The headers that the signature names, their values as text."""
    names = request["headers"]["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    return {name: request["headers"][name].encode("latin-1").decode() for name in names}


def huawei(request: Request) -> bool:
    split = [part.partition("=") for part in request["query"].split("&") if part]
    theirs = SdkRequest(
        method=request["method"],
        schema="http",
        host=request["headers"]["host"],
        resource_path=request["target"],
        query_params=[(unquote(name), unquote(value)) for name, _, value in split],
        header_params=signed_headers(request),
        body=request["body"].encode("latin-1"),
    )
    Signer(SimpleNamespace(ak=request["id"], sk=request["secret"])).sign(theirs)
    return bool(theirs.header_params["Authorization"] == request["headers"]["authorization"])


def acs3(request: Request) -> bool:
    theirs = DaraRequest()
    theirs.method, theirs.pathname = request["method"], "/"
    theirs.query = dict(parse_qsl(request["query"], keep_blank_values=True))
    theirs.headers = signed_headers(request)
    body = Utils.hex_encode(Utils.hash(request["body"].encode("latin-1"), "ACS3-HMAC-SHA256"))
    expected = Utils.get_authorization(
        theirs, "ACS3-HMAC-SHA256", body, request["id"], request["secret"]
    )
    same_body = body == request["headers"]["x-acs-content-sha256"]
    return bool(same_body and expected == request["headers"]["authorization"])


def rpc(request: Request) -> bool:
    given = parse_qsl(request["query"], keep_blank_values=True)
    given += parse_qsl(request["body"], keep_blank_values=True)
    parameters = dict(given)
    signature = parameters.pop("Signature")
    method, secret = request["method"], request["secret"]
    to_sign = getattr(legacy, "__compose_string_to_sign")(method, dict(parameters))
    old = getattr(legacy, "__get_signature")(to_sign, secret)
    return bool(signature == Utils.get_rpcsignature(parameters, method, secret) == old)


def webhooks(request: Request) -> bool:
    headers, body = request["headers"], request["body"]
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    theirs = Webhook(request["secret"]).sign(headers["webhook-id"], at, body)
    return theirs in headers["webhook-signature"].split(" ")


class Recorder:
    """A server on loopback that answers everything alike and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                head = [line]
                while (line := stream.readline()) not in (b"\r\n", b""):
                    head.append(line)
                text = b"".join(head).decode("latin-1")
                lengths = [
                    int(one.partition(":")[2])
                    for one in text.split("\r\n")
                    if one.lower().startswith("content-length:")
                ]
                body = stream.read(sum(lengths))
                self.requests.append(text + "\r\n" + body.decode("latin-1"))
                connection.sendall(self.answer)


def texts(seed: int) -> Iterator[str]:
    chosen = random.Random(seed)
    while True:
        yield "".join(chosen.choice(LETTERS) for _ in range(chosen.randrange(0, 14)))


def recorded_huawei() -> list[str]:
    recorder = Recorder(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    configuration = HttpConfig.get_default_config()
    configuration.user_agent = "tests"
    text = texts(1)
    clients = []
    for credentials in (
        BasicCredentials("AKID", SECRET, "project/ü 1"),
        BasicCredentials("AKID", SECRET, "0" * 32).with_security_token(TOKEN),
    ):
        builder = VodClient.new_builder().with_credentials(credentials)
        builder = builder.with_endpoint("http://" + recorder.address)
        clients.append(builder.with_http_config(configuration).build())
    for turn in range(CALLS // 2):
        client = clients[turn % 2]
        body = UpdateCoverByThumbnailReq(thumbnail_url=next(text))
        client.update_cover_by_thumbnail(UpdateCoverByThumbnailRequest(body=body))
        some = [next(text) for _ in range(turn % 4)]
        client.show_asset_detail(ShowAssetDetailRequest(asset_id=next(text), categories=some))
    return recorder.requests


def recorded_alibaba(**settings: str) -> list[str]:
    recorder = Recorder(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b'Content-Length: 17\r\n\r\n{"RequestId":"a"}'
    )
    text = texts(2)
    keys = {"access_key_id": "AKID", "access_key_secret": SECRET, "protocol": "HTTP"}
    lasting = Config(endpoint=recorder.address, **keys, **settings)
    temporary = Config(endpoint=recorder.address, security_token=TOKEN, **keys, **settings)

    async def asynchronous(configuration: Config) -> None:
        for _ in range(CALLS // 8):
            await MtsClient(configuration).update_media_cover_async(cover())
            await AlibabaVodClient(configuration).update_video_info_async(info())

    def cover() -> UpdateMediaCoverRequest:
        return UpdateMediaCoverRequest(media_id=next(text), cover_url=next(text))

    def info() -> UpdateVideoInfoRequest:
        return UpdateVideoInfoRequest(video_id=next(text), title=next(text), tags=next(text))

    for configuration in (lasting, temporary):
        mts, vod = MtsClient(configuration), AlibabaVodClient(configuration)
        for _ in range(CALLS // 8 + 1):
            mts.update_media_cover(cover())
            vod.update_video_info(info())
        asyncio.run(asynchronous(configuration))
    return recorder.requests


def main() -> None:
    schemes = {"huawei": huawei, "acs3": acs3, "rpc": rpc, "webhooks": webhooks}
    given = json.load(sys.stdin)
    wrong = {
        name: [request for request in given[name] if not check(request)]
        for name, check in schemes.items()
    }
    recorded = {
        "huawei": recorded_huawei(),
        "acs3": recorded_alibaba(),
        "rpc": recorded_alibaba(signature_algorithm="v2"),
    }
    told = {
        name: sum(
            not schemes[name]({**request, "secret": request["secret"] + "x"})
            for request in given[name]
        )
        for name in recorded
    }
    json.dump({"wrong": wrong, "told": told, "recorded": recorded}, sys.stdout)


if __name__ == "__main__":
    main()
