"""The demo for programs: one JSON object a line."""

import json
from typing import Any, TextIO

from msgspec.structs import asdict

from notifier.demo.happenings import Arrived, CallHappening, DialShown, Happening, Heard, Posted, PutOff, Said


class JsonLines:
    """Writes events, texts, calls and the summary; a text that waits shows when it is sent, or in the summary."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, happening: Happening) -> None:
        """Write one line, at once."""
        if (line := _line(happening)) is not None:
            self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._out.flush()


def _line(happening: Happening) -> dict[str, Any] | None:
    match happening:
        case PutOff():
            return None
        case Posted(at=at, step=step, status=status, answer=answer):
            return {
                "kind": "event",
                "at": at.isoformat(),
                "type": step.what,
                "order_id": step.order_id,
                "source": step.shop,
                "status": status,
                "prepaid": answer.get("prepaid"),
                "priority": answer.get("delivery_priority"),
                "duplicate": answer.get("duplicate"),
                "parked": answer.get("parked"),
                "messages": [message["template"] for message in answer.get("messages", ())],
                "calls": [call["purpose"] for call in answer.get("calls", ())],
                "suppressed": answer.get("suppressed"),
                "note": step.note,
            }
        case Said(at=at):
            return {
                "kind": "event",
                "at": at.isoformat(),
                "type": happening.kind,
                "order_id": happening.order_id,
                "source": happening.source,
                "status": 200,
                "by": happening.by,
                "text": happening.text or None,
                "delivery": happening.delivery or None,
                "mark": happening.mark,
                "duplicate": False,
                "parked": False,
                "messages": list(happening.messages),
                "calls": list(happening.calls),
                "suppressed": [],
                "note": happening.note,
            }
        case Heard(at=at):
            return {
                "kind": happening.kind,
                "at": at.isoformat(),
                "order_id": happening.order_id or None,
                "text": happening.text,
                "place": happening.place or None,
                "standing": happening.standing or None,
                "note": happening.note,
            }
        case DialShown(at=at):
            return {"kind": "dial"} | asdict(happening) | {"at": at.isoformat()}
        case Arrived(at=at, message=message, name=name, parts=parts):
            return {
                "kind": "sms",
                "at": at.isoformat(),
                "audience": message.audience,
                "to": message.to,
                "name": name,
                "order_id": message.order_id,
                "source": message.source,
                "template": message.template,
                "text": message.text,
                "parts": parts,
                "id": message.id,
            }
        case CallHappening(at=at, call=call, reason=reason, state=state):
            return {
                "kind": "call",
                "at": at.isoformat(),
                "state": state,
                "purpose": reason.purpose,
                "due_at": happening.due_at.isoformat(),
                "order_id": reason.order_id,
                "source": reason.source,
                "customer": call.name,
                "phone": call.phone,
                "id": call.id,
            }
        case _:
            return {"kind": "summary"} | asdict(happening)
