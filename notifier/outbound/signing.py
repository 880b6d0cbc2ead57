"""The headers of a webhook we post, after Standard Webhooks 1.0."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


def headers(secrets: Iterable[str], event_id: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """What is posted beside the body. Each secret signs, so that a receiver may know the old one or the new one."""
    stamp = int(at.timestamp())
    moment = datetime.fromtimestamp(stamp, UTC)  # the library takes any other zone's wall clock for UTC
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, moment, body.decode()) for secret in secrets),
    }
