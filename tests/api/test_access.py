"""The headers of every answer, and what is logged of a request."""

import httpx2


def test_every_answer_forbids_sniffing_and_keeping(client: httpx2.Client) -> None:
    for path in ("/v1/jobs", "/nothing", "/healthz"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
