"""``kind = "ami"``: Asterisk, FreePBX and Issabel by the Asterisk Manager Interface; the protocol, without I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.dialer.adapter import DialerDefaults, DialerOdd, forms
from notifier.domain.dialing import DialOrder, DialWord, Placed, Placing

_LARGEST = 64 * 1024  # bytes of a message
_BROKEN = re.compile(r"[\r\n\x00]")
_NAME = re.compile(r"[A-Za-z]{1,40}")
_NUMBER = re.compile(r"[0-9+*#]{1,32}")

_DIALS = ("dialbegin", "dialend")


def _prepared(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A dial from the channel that we asked for is to the customer; any other of the same call rings the agent."""
    event, channel = str(given.get("event", "")).lower(), given.get("uniqueid")
    asked_for = bool(channel) and channel == given.get("linkedid")
    parts, claim = [event], ""
    match event:
        case "dialbegin" | "dialend":
            parts += ["customer" if asked_for else "agent", str(given.get("dialstatus", ""))]
        case "originateresponse":
            parts.append(str(given.get("response", "")))
            claim = f"{' '.join(parts)} {given.get('reason', '')}".lower()
        case "hangup" if not asked_for:
            parts.append("leg")
        case "newchannel":
            parts.append(str(given.get("context", "")))
    return {
        **given,
        "word": " ".join(parts),
        "claim": claim,
        "attempt": given.get("linkedid") or given.get("destlinkedid") or given.get("actionid"),
        "number": given.get("calleridnum") if event == "newchannel" else "",
    }


USUAL = DialerDefaults(
    prepare=_prepared,
    fields={"word": "word", "attempt": "attempt", "number": "number", "time": "timestamp"},
    words={
        "dialbegin agent": DialWord.AGENT_RINGING,
        "dialend agent answer": DialWord.AGENT_ANSWERED,
        **{
            f"dialend agent {status}": DialWord.AGENT_MISSED
            for status in ("busy", "noanswer", "cancel", "congestion", "chanunavail")
        },
        "originateresponse failure": DialWord.AGENT_MISSED,
        "originateresponse success": DialWord.AGENT_ANSWERED,
        "dialbegin customer": DialWord.RINGING,
        "dialend customer answer": DialWord.ANSWERED,
        "dialend customer busy": DialWord.BUSY,
        "dialend customer noanswer": DialWord.NO_ANSWER,
        "dialend customer cancel": DialWord.GIVEN_UP,
        "dialend customer chanunavail": DialWord.UNREACHABLE,
        "dialend customer congestion": DialWord.LINE_FAULT,
        "hangup": DialWord.ENDED,
        "hangup leg": DialWord.NOTHING,
        "newchannel from-trunk": DialWord.INBOUND,
        "newchannel from-pstn": DialWord.INBOUND,
        "newchannel from-external": DialWord.INBOUND,
    },
)
"""What is said of the customer's leg counts; of the agent's, only whether they came to the telephone."""

OF_INTEREST = frozenset({*_DIALS, "originateresponse", "hangup", "newchannel"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiDialer:
    """``channel`` is a template of the agent's leg: ``PJSIP/{extension}``; ``ring`` is in ms."""

    channel: str
    context: str
    caller_id: str = ""
    account: str = ""
    prefix: str = ""
    ring: int = 30_000

    def originate(self, order: DialOrder) -> bytes:
        """The action that rings the agent, then the customer. Raises DialerOdd for what may not be in it."""
        number = forms(order.number, self.prefix)["number"]
        if not (_NUMBER.fullmatch(number) and _NUMBER.fullmatch(order.extension)):
            raise DialerOdd("a number or an extension holds something other than digits, +, * and #")
        fields = [
            ("ActionID", order.attempt),
            ("Channel", self.channel.replace("{extension}", order.extension)),
            ("Context", self.context),
            ("Exten", number),
            ("Priority", "1"),
            ("Timeout", str(self.ring)),
            ("ChannelId", order.attempt),
            ("Variable", f"NOTIFIER_ATTEMPT={order.attempt}"),
            ("Async", "true"),
        ]
        fields += [("CallerID", self.caller_id)] if self.caller_id else []
        fields += [("Account", self.account)] if self.account else []
        return action("Originate", fields)


def placed(answer: Mapping[str, str]) -> Placed:
    """What the answer to an Originate says: of the agent's leg alone, and only that it will be tried."""
    if answer.get("response", "").lower() == "success":
        return Placed(Placing.TAKEN)
    return Placed(Placing.REFUSED, why=answer.get("message", "")[:120])


def action(name: str, fields: Sequence[tuple[str, str]] = ()) -> bytes:
    """An action as it is sent. Raises DialerOdd where a value could begin another line: it would be another action."""
    lines = []
    for key, value in [("Action", name), *fields]:
        if not _NAME.fullmatch(key) or _BROKEN.search(value):
            raise DialerOdd(f"the value of {key[:40]!r} would break the line it stands in")
        lines.append(f"{key}: {value}\r\n")
    return "".join([*lines, "\r\n"]).encode()


@dataclass(slots=True)
class AmiMessages:
    """Takes bytes as they come, and gives the messages in them, with names in small letters."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> Iterator[Mapping[str, str]]:
        """Raises DialerOdd where a message has no end."""
        self._buffer += chunk
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            raw = bytes(self._buffer[:end])
            del self._buffer[: end + 4]
            yield _message(raw)
        if len(self._buffer) > _LARGEST:
            raise DialerOdd(f"a message of the exchange has more than {_LARGEST >> 10} KiB")


def _message(raw: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in raw.decode(errors="replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:  # the greeting has none
            found.setdefault(name.strip().lower(), value.strip())
    return found
