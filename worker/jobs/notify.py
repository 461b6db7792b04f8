"""The story of a notice: a callback URL is told how a job or record has ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.contracts.records import Notice, NoticeResult
from worker.errors import WebhookError
from worker.jobs.timing import Stopwatch
from worker.ports import Attempt
from worker.ports.recording import Messenger
from worker.rules.webhooks import notice_body


@dataclass(frozen=True)
class NotifyStory:
    """Delivers notices; `secrets_of` gives a tenant's signing secrets, the new one first."""

    messenger: Messenger
    secrets_of: Callable[[str], Sequence[str]]

    def run(
        self, notice: Notice, *, message_id: str, tenant: str, attempt: Attempt
    ) -> NoticeResult:
        """One attempt; `message_id` is the notice's own id, by which receivers know repeats.

        Raises: WebhookError; RequestError when the attempt is over.
        """
        watch = Stopwatch()
        attempt.enter("notify")
        secrets = self.secrets_of(tenant)
        if not secrets:
            text = "The tenant has no secret to sign with any more."
            raise WebhookError("webhook.delivery_failed", text)
        status = self.messenger.deliver(
            notice.url, message_id=message_id, body=notice_body(notice), secrets=secrets
        )
        return NoticeResult(status=status, timings_ms=watch.timings())
