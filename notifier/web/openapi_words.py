"""What the API's document says in words: the introduction, ways to prove who one is, and how things are refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INTRODUCTION = """\
A shop posts signed events about its orders; customers are texted and support calls are planned.

**Events are safe before they are answered.** A 2xx means that the texts and calls it tells of are on disk. After
anything else post the same event again, with the same id: what was taken already is answered with `"duplicate": true`.

**Errors** are problem details (RFC 9457, `application/problem+json`). What was wrong in a body is listed in `errors`,
field by field. Whoever is told 429 or 503 waits as long as `Retry-After` says.

**Times** carry their offset. **Money** in answers is whole rial.
"""

TAGS = [
    {"name": "webhooks", "description": "What a shop posts, signed."},
    {"name": "customers", "description": "The page on which a customer sees one order and answers."},
    {"name": "orders", "description": "Orders with their story."},
    {"name": "messages", "description": "Texts and what became of them."},
    {"name": "calls", "description": "Follow-up calls: claim, report, put off."},
    {"name": "callbacks", "description": "What the SMS provider posts. Unsigned, so the address holds a secret."},
    {"name": "operation", "description": "Health, figures, and this document."},
    {"name": "outgoing", "description": "What this service posts to a shop's own tools, signed as Standard Webhooks."},
]

SECURITY: Mapping[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "One of the tokens of `[api]` in the configuration."},
    "standardWebhooks": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks 1.0: `v1,` and the base64 of HMAC-SHA256 over "
        "`webhook-id.webhook-timestamp.body` with the bytes of the source's secret (base64 after `whsec_`). Several, "
        "separated by a space, while a secret is exchanged. The time may be five minutes away from ours at most.",
    },
    "wooCommerce": {
        "type": "apiKey",
        "in": "header",
        "name": "X-WC-Webhook-Signature",
        "description": "Base64 of HMAC-SHA256 over the body with the webhook's secret, as WooCommerce sends it.",
    },
}


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    text: str
    title: str
    more: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


_WAIT = {"Retry-After": "Seconds to wait before trying again."}

PROBLEMS: Mapping[int, DocumentedRefusal] = {
    400: DocumentedRefusal(
        "The body is not JSON, or cannot be read.", "Not JSON", {"detail": "The body is not JSON in UTF-8: …"}
    ),
    401: DocumentedRefusal(
        "The signature or the token is missing, malformed, wrong or too old.",
        "Signature refused",
        {"detail": "No signature matches. Check the secret, and that the body is signed as it is sent."},
        {"WWW-Authenticate": "Where a token is wanted: Bearer."},
    ),
    404: DocumentedRefusal("There is no such thing.", "Not found", {"detail": "There is no order '10025'."}),
    408: DocumentedRefusal(
        "The body took too long to come.", "Request timeout", {"detail": "The body did not come within 30 seconds."}
    ),
    409: DocumentedRefusal(
        "Somebody else was first, or it is over; of an event: another body came under this id.",
        "Conflict",
        {"detail": "webhook-id msg_1 came before with another body; give each event an id of its own."},
    ),
    413: DocumentedRefusal(
        "The body is too large.", "Request Entity Too Large", {"detail": "The body is too large; send less at once."}
    ),
    415: DocumentedRefusal(
        "The body is of another type than this takes.",
        "Wrong content type",
        {"detail": "Post application/json, not text/plain."},
    ),
    422: DocumentedRefusal(
        "It is readable and makes no sense; `errors` names every mistake in a body.",
        "Not understood",
        {
            "detail": "The event does not have the form it should have; see errors.",
            "errors": [{"loc": ["data", "order_id"], "msg": "Field required"}],
        },
    ),
    429: DocumentedRefusal(
        "More events came from this source than its rate allows.",
        "Too many requests",
        {"detail": "shop may send 100 events a second; slow down."},
        _WAIT,
    ),
    503: DocumentedRefusal(
        "Nothing was stored: the store is away, or too much is waiting already. Send it again.",
        "Store unavailable",
        {"detail": "The event could not be stored. Send it again with the same id."},
        _WAIT,
    ),
}
"""Every refusal, with an example."""
