import json
from typing import Any

import pytest

from worker.rules.policies import with_public_covers

OURS = {
    "Sid": "FirstframePublicCovers",
    "Effect": "Allow",
    "Principal": {"AWS": ["*"]},
    "Action": ["s3:GetObject"],
    "Resource": ["arn:aws:s3:::media/covers/*", "arn:aws:s3:::media/snapshots/*"],
}
THEIRS = {
    "Sid": "Backups",
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::1:user/backup"]},
    "Action": ["s3:GetObject"],
    "Resource": ["arn:aws:s3:::media/*"],
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, [OURS], id="no-policy"),
        pytest.param("", [OURS], id="empty-text"),
        pytest.param(policy(), [OURS], id="no-statement"),
        pytest.param(policy(THEIRS), [THEIRS, OURS], id="an-operators"),
        pytest.param(json.dumps({"Statement": THEIRS}), [THEIRS, OURS], id="one-not-in-a-list"),
        pytest.param(policy(THEIRS, {**OURS, "Effect": "Deny"}), [THEIRS, OURS], id="ours-denied"),
        pytest.param(
            policy({**OURS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            [OURS],
            id="ours-under-a-condition",
        ),
        pytest.param(
            policy({**OURS, "Resource": ["arn:aws:s3:::other/covers/*"]}), [OURS], id="other-bucket"
        ),
        pytest.param(policy(OURS, OURS), [OURS], id="twice"),
    ],
)
def test_the_policy_gets_our_statement_and_keeps_the_others(
    before: str | None, after: list[dict[str, Any]]
) -> None:
    extended = with_public_covers(before, "media")

    assert extended is not None
    assert json.loads(extended)["Statement"] == after
    assert with_public_covers(extended, "media") is None


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(OURS, id="as-written"),
        pytest.param({**OURS, "Action": "s3:GetObject"}, id="one-action"),
        pytest.param({**OURS, "Principal": "*"}, id="everyone"),
        pytest.param({**OURS, "Principal": {"AWS": "*"}}, id="every-account"),
    ],
)
def test_a_server_may_write_the_statement_its_own_way(same: dict[str, Any]) -> None:
    assert with_public_covers(policy(THEIRS, same), "media") is None
