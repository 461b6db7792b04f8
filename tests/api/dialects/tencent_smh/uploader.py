"""The vendor's steps of an upload, each as its clients take it."""

from typing import Any

import anycrc
import httpx2

DIRECTIONS = {"domain", "path", "headers", "confirmKey", "expiration"}


def crc64(data: bytes) -> str:
    """CRC-64/XZ, as an unsigned decimal text."""
    return str(anycrc.Model("CRC64-XZ").calc(data))


class Uploader:
    """Begins, sends and confirms; `base` is the server's URL without a path."""

    def __init__(self, api: httpx2.Client, base: str) -> None:
        self._api = api
        self._scheme = base.partition("://")[0]

    def begin(self, path: str, token: str, **queries: Any) -> dict[str, Any]:
        """`PUT /file/{path}`, with `multipart` in the queries `POST`."""
        method = "POST" if "multipart" in queries else "PUT"
        told = {"access_token": token, **queries}
        answer = self._api.request(method, f"/file/{path}", params=told)
        assert answer.status_code == 201, answer.text
        directions: dict[str, Any] = answer.json()
        return directions

    def send(
        self,
        directions: dict[str, Any],
        data: Any,
        *,
        part: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """`PUT https://{domain}{path}`, for a part with its number."""
        url = f"{self._scheme}://{directions['domain']}{directions['path']}"
        if part is not None:
            url += f"?partNumber={part}&uploadId={directions['uploadId']}"
        return httpx2.put(url, content=data, headers={**directions["headers"], **(headers or {})})

    def confirm(
        self,
        place: str,
        directions: dict[str, Any],
        token: str,
        *,
        body: dict[str, Any] | None = None,
        queries: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """`POST /file/{confirmKey}?confirm`."""
        told = {"confirm": "1", "access_token": token, **(queries or {})}
        return self._api.post(f"/file/{place}/{directions['confirmKey']}", params=told, json=body)

    def put(self, place: str, path: str, token: str, data: bytes, **queries: Any) -> dict[str, Any]:
        """All three steps; the file."""
        directions = self.begin(f"{place}/{path}", token, **queries)
        assert self.send(directions, data).status_code == 200
        answer = self.confirm(place, directions, token, body={"crc64": crc64(data)})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told
