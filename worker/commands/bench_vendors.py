"""The vendors' own signing, as a program of their environment: it imports nothing of ours.

Asked for a scheme and a count in a line of JSON, it signs so many requests, each with a date and a
nonce of its own and complete as it would be sent, and answers with the CPU seconds that took.
"""

import json
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

AGENT: Final = "bench/1"


def huawei(asked: dict[str, Any]) -> object:
    """SDK-HMAC-SHA256; the signer dates the request."""
    request = SdkRequest(
        method="PUT",
        schema="https",
        host=asked["host"],
        resource_path=asked["path"],
        query_params=[],
        header_params={"Content-Type": "application/json", "Host": asked["host"]},
        body=json.dumps(asked["body"]).encode(),
    )
    return Signer(SimpleNamespace(ak=asked["key_id"], sk=asked["secret"])).sign(request)


def acs3(asked: dict[str, Any]) -> object:
    """ACS3-HMAC-SHA256, with the headers that the vendor's client has."""
    request = DaraRequest()
    request.method, request.pathname, request.query = "POST", "/", dict(asked["parameters"])
    payload = Utils.hex_encode(Utils.hash(b"", "ACS3-HMAC-SHA256"))
    request.headers = {
        "host": asked["host"],
        "accept": "application/json",
        "x-acs-action": asked["action"],
        "x-acs-version": asked["version"],
        "x-acs-date": Utils.get_timestamp(),
        "x-acs-signature-nonce": Utils.get_nonce(),
        "x-acs-content-sha256": payload,
    }
    request.headers["Authorization"] = Utils.get_authorization(
        request, "ACS3-HMAC-SHA256", payload, asked["key_id"], asked["secret"]
    )
    return request, urlencode(request.query)


def rpc_v1(asked: dict[str, Any]) -> object:
    """RPC, version 1, as a whole query."""
    query = {
        **asked["parameters"],
        "Action": asked["action"],
        "Version": asked["version"],
        "Format": "json",
        "Timestamp": Utils.get_timestamp(),
        "SignatureNonce": Utils.get_nonce(),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "AccessKeyId": asked["key_id"],
    }
    query["Signature"] = Utils.get_rpcsignature(query, "POST", asked["secret"])
    return urlencode(query)


SCHEMES: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "SDK-HMAC-SHA256": huawei,
    "ACS3-HMAC-SHA256": acs3,
    "RPC v1": rpc_v1,
}


def main() -> None:
    """Answer line by line until there are no more."""
    for line in sys.stdin:
        asked = json.loads(line)
        sign, count = SCHEMES[asked["scheme"]], asked["count"]
        began_s = time.process_time()
        for _ in range(count):
            sign(asked)
        sys.stdout.write(f"{time.process_time() - began_s}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
