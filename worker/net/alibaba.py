"""The APIs of Alibaba MPS and VOD as covers and images need them: one door, calls by name."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote

from worker.errors import ProviderError
from worker.net.credentials import Supply
from worker.net.vendor_calls import VendorCalls, VendorClock, VendorHttp, host_of, origin_of
from worker.rules.alibaba_answers import (
    Answer,
    Covered,
    ImageInfo,
    answer_of,
    image_of,
    images_of,
    media_cover_of,
    request_id,
    video_cover_of,
)
from worker.rules.vendor_answers import Reply
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1
from worker.signing.wire import AccessKey, RawRequest

Signature = Literal["acs3", "rpc_v1"]

MPS_VERSION: Final = "2014-06-18"
VOD_VERSION: Final = "2017-03-21"
MAX_IMAGES: Final = 20
_VENDORS: Final = {MPS_VERSION: "Alibaba MPS", VOD_VERSION: "Alibaba VOD"}


class AlibabaClient:
    """One account at one endpoint. Safe to use from several threads.

    Every method raises ProviderError, `unsure` for a write that may have taken effect.
    """

    def __init__(
        self,
        http: VendorHttp,
        base_url: str,
        supply: Supply[AccessKey],
        signature: Signature = "acs3",
    ) -> None:
        self.origin = origin_of(base_url)
        self._http = http
        self._signature = signature
        self._calls = VendorCalls(http, self.origin, supply, VendorClock())

    def set_media_cover(self, media_id: str, cover_url: str) -> str | None:
        """UpdateMediaCover of MPS; the request id."""
        parameters = {"MediaId": media_id, "CoverURL": cover_url}
        return request_id(self._call(MPS_VERSION, "UpdateMediaCover", parameters, writes=True))

    def media_cover(self, media_id: str) -> Covered:
        """The cover by QueryMediaList of MPS."""
        answer = self._call(MPS_VERSION, "QueryMediaList", {"MediaIds": media_id})
        return media_cover_of(answer, media_id)

    def set_video_cover(self, video_id: str, cover_url: str) -> str | None:
        """UpdateVideoInfo of VOD, which changes what it is given and nothing else; request id."""
        parameters = {"VideoId": video_id, "CoverURL": cover_url}
        return request_id(self._call(VOD_VERSION, "UpdateVideoInfo", parameters, writes=True))

    def video_cover(self, video_id: str) -> Covered:
        """The cover by GetVideoInfo of VOD."""
        return video_cover_of(self._call(VOD_VERSION, "GetVideoInfo", {"VideoId": video_id}))

    def image(
        self,
        image_id: str,
        *,
        output_type: Literal["oss", "cdn"] | None = None,
        auth_timeout_s: int | None = None,
    ) -> ImageInfo:
        """GetImageInfo of VOD. `auth_timeout_s` is how long its URLs are to be good, at least 1;
        2,592,000 s at most for `oss`. Left out, the vendor's own defaults hold (cdn, 3600 s).
        """
        parameters = {"ImageId": image_id, **_output(output_type, auth_timeout_s)}
        return image_of(self._call(VOD_VERSION, "GetImageInfo", parameters))

    def images(
        self,
        image_ids: Sequence[str],
        *,
        output_type: Literal["oss", "cdn"] | None = None,
        auth_timeout_s: int | None = None,
    ) -> dict[str, ImageInfo]:
        """GetImageInfos of VOD, at most MAX_IMAGES; those that it has, by their ids."""
        assert len(image_ids) <= MAX_IMAGES
        parameters = {"ImageIds": ",".join(image_ids), **_output(output_type, auth_timeout_s)}
        return images_of(self._call(VOD_VERSION, "GetImageInfos", parameters))

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def _call(
        self, version: str, action: str, parameters: Mapping[str, str], *, writes: bool = False
    ) -> Answer:
        vendor = _VENDORS[version]

        def signed(key: AccessKey, at: datetime) -> RawRequest:
            nonce = secrets.token_hex(16)
            if self._signature == "acs3":
                return acs3_hmac_sha256.sign(
                    self._request(version, action, parameters), key, at=at, nonce=nonce
                )
            named = {**parameters, "Action": action, "Version": version, "Format": "JSON"}
            return rpc_hmac_sha1.sign(
                self._request(version, action, named), key, at=at, nonce=nonce
            )

        def refused(reply: Reply) -> ProviderError | None:
            try:
                answer_of(reply, vendor, datetime.now(UTC), writes=writes)
            except ProviderError as error:
                return error
            return None

        reply = self._calls.call(signed, refused, writes=writes)
        return answer_of(reply, vendor, datetime.now(UTC), writes=writes)

    def _request(self, version: str, action: str, parameters: Mapping[str, str]) -> RawRequest:
        query = "&".join(
            f"{name}={quote(value, safe='~')}" for name, value in sorted(parameters.items())
        )
        headers = (
            ("Host", host_of(self.origin)),
            ("Accept", "application/json"),
            ("x-acs-action", action),
            ("x-acs-version", version),
        )
        return RawRequest("POST", "/", query, headers)


def _output(
    output_type: Literal["oss", "cdn"] | None, auth_timeout_s: int | None
) -> dict[str, str]:
    told = {
        "OutputType": output_type,
        "AuthTimeout": str(auth_timeout_s) if auth_timeout_s is not None else None,
    }
    return {name: value for name, value in told.items() if value is not None}
