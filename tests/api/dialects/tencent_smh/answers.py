"""How tests look at answers of the dialect."""

import httpx2


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and the vendor's code, of an answer that has the vendor's form."""
    told = answer.json()
    assert set(told) == {"code", "message", "requestId"}
    assert told["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, told["code"]
