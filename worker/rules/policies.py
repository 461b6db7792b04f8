"""The bucket policy that lets anyone read pictures: our one statement among an operator's own."""

import json
from typing import Any, Final

from worker.rules.keys import PUBLIC_PREFIXES

STATEMENT_ID: Final = "FirstframePublicCovers"


def with_public_covers(policy: str | None, bucket: str) -> str | None:
    """`policy` (JSON, None where the bucket has none) with our statement; None if it has it.

    Every other statement is kept as it is.
    """
    document: dict[str, Any] = json.loads(policy) if policy else {}
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    others = [statement for statement in statements if statement.get("Sid") != STATEMENT_ID]
    ours = [statement for statement in statements if statement.get("Sid") == STATEMENT_ID]
    if [_meaning(statement) for statement in ours] == [_meaning(_statement(bucket))]:
        return None
    whole = {"Version": "2012-10-17", **document, "Statement": [*others, _statement(bucket)]}
    return json.dumps(whole)


def _statement(bucket: str) -> dict[str, Any]:
    return {
        "Sid": STATEMENT_ID,
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in PUBLIC_PREFIXES],
    }


def _meaning(statement: dict[str, Any]) -> tuple[Any, ...]:
    """A statement with one value and with a list of that value mean the same."""
    principal = statement.get("Principal")
    everyone = principal.get("AWS") if isinstance(principal, dict) else principal
    values = (everyone, statement.get("Action"), statement.get("Resource"))
    lists = [value if isinstance(value, list) else [value] for value in values]
    return (statement.get("Effect"), statement.get("Condition"), *lists)
