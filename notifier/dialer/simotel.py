"""``kind = "simotel"``: Simotel by its API v4 (doc.mysup.ir).

Its documents and its samples differ in capitals and names, so either is read. Where the agent does not answer, it
says nothing at all.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifier.dialer.adapter import DialerDefaults, HttpDialer, HttpRequest, forms
from notifier.domain.dialing import DialOrder, DialWord, Placed, Placing

_EITHER = {"answered": DialWord.ANSWERED, "no answer": DialWord.NO_ANSWER, "busy": DialWord.BUSY}
_FAILED = {"failed": DialWord.LINE_FAULT, "congestion": DialWord.LINE_FAULT}
_PASSING = ("cdrqueue", "transfer", "survey", "voicemail", "autodialerreport", "extenadded", "extenremoved")
_STATES = ("idle", "inuse", "pause", "ringing", "unavailable")


def _prepared(given: Mapping[str, Any]) -> Mapping[str, Any]:
    event = str(given.get("event_name") or given.get("event") or "").strip().lower()
    way = str(given.get("type") or given.get("direction") or "")
    became = str(given.get("disposition") or given.get("state") or "")
    number = given.get("number") or given.get("participant")
    return {
        **given,
        "word": f"{event} {way} {became}",
        "extension": given.get("exten") or given.get("src"),
        "number": number or given.get("src" if way.lower() == "incoming" else "dst"),
        "time": given.get("time") or given.get("endtime") or given.get("end_time"),
    }


USUAL = DialerDefaults(
    prepare=_prepared,
    fields={
        "word": "word",
        "reference": "originated_call_id",
        "extension": "extension",
        "number": "number",
        "talked": "billsec",
        "recording": "record",
        "time": "time",
    },
    words={
        **{f"cdr {word}": meaning for word, meaning in {**_EITHER, **_FAILED}.items()},
        **{f"cdr outgoing {word}": meaning for word, meaning in {**_EITHER, **_FAILED}.items()},
        **{f"cdr incoming {word}": DialWord.NOTHING for word in (*_EITHER, *_FAILED)},
        **{f"cdr {kind} {word}": DialWord.NOTHING for kind in ("local", "feature") for word in (*_EITHER, *_FAILED)},
        "outgoingcall": DialWord.RINGING,
        "incomingcall": DialWord.INBOUND,
        **{f"newstate{way} {state}": DialWord.NOTHING for way in ("", " in", " out") for state in _STATES},
        "newstate out ringing": DialWord.AGENT_RINGING,
        "newstate out inuse": DialWord.AGENT_ANSWERED,
        **dict.fromkeys((*_PASSING, "trunknewstate"), DialWord.NOTHING),
    },
)
"""What it says, as «event, direction, what became of it»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimotelDialer(HttpDialer):
    """``trunk`` and ``caller_id`` are left to the exchange where they are empty; ``ring`` is in seconds."""

    base_url: str
    user: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    context: str
    trunk: str = ""
    caller_id: str = ""
    ring: int = 30

    def request(self, order: DialOrder) -> HttpRequest:
        login = b64encode(f"{self.user}:{self.password}".encode()).decode()
        body = {
            "caller": order.extension,
            "callee": forms(order.number, self.prefix)["number"],
            "context": self.context,
            "timeout": str(self.ring),
        }
        body |= {"trunk_name": self.trunk} if self.trunk else {}
        body |= {"caller_id": self.caller_id} if self.caller_id else {}
        return HttpRequest(
            url=f"{self.base_url}/call/originate/act",
            headers={"X-APIKEY": self.api_key, "Authorization": f"Basic {login}"},
            json=body,
        )

    def placed(self, status: int, document: Any) -> Placed:
        if status >= 500:
            return Placed(Placing.UNKNOWN, why=f"HTTP {status}")
        if status != 200:
            return Placed(Placing.REFUSED, why=f"HTTP {status}")
        if not isinstance(document, dict):
            return Placed(Placing.UNKNOWN, why="no JSON")
        said = document.get("success")
        if said is False or (isinstance(said, int | str) and str(said).lower() in ("0", "false")):
            return Placed(Placing.REFUSED, why=" ".join(str(document.get("message", ""))[:120].split()))
        data = document.get("data")
        named = next(
            (one for part in (data, document) if isinstance(part, dict) and (one := part.get("originated_call_id"))),
            "",
        )
        return Placed(Placing.TAKEN, reference=str(named)[:120] if isinstance(named, str | int) else "")
