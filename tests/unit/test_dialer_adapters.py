"""What exchanges are asked and what they say, by kind: pure."""

import base64
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifier import expressions
from notifier.dialer import ami, described, simotel
from notifier.dialer.adapter import DialerDefaults, DialerOdd, forms
from notifier.dialer.ami import AmiDialer, AmiMessages
from notifier.dialer.described import DescribedDialer
from notifier.dialer.reading import DialerReader
from notifier.dialer.recordings import RecordingRules
from notifier.dialer.simotel import SimotelDialer
from notifier.domain.dialing import DialOrder, DialWord, Placing

NOW = 1_788_250_000_000  # 2026-09-01 in Tehran
ORDER = DialOrder(attempt="7-1", extension="201", number="09121234567")
RULES = RecordingRules(frozenset({"pbx.example"}), "https://pbx.example/rec/")


def reader(usual: DialerDefaults, words: dict[str, DialWord] | None = None, **fields: str) -> DialerReader:
    return DialerReader.of(usual, fields=fields, words=words or {}, zone=ZoneInfo("Asia/Tehran"), recordings=RULES)


CDR = {
    "event_name": "Cdr", "starttime": "2026-09-01 10:00:00", "endtime": "2026-09-01 10:02:10", "src": "201",
    "dst": "09121234567", "type": "outgoing", "disposition": "ANSWERED", "billsec": "118", "wait": "12",
    "record": "a.mp3", "unique_id": "1.2", "originated_call_id": "orig.call.7",
}  # fmt: skip


def test_a_record_of_simotel() -> None:
    said = reader(simotel.USUAL).read(CDR, NOW)
    assert (said.word, said.reference, said.extension, said.number) == (
        DialWord.ANSWERED, "orig.call.7", "201", "09121234567",
    )  # fmt: skip
    assert (said.talked, said.recording) == (118, "https://pbx.example/rec/a.mp3")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (CDR | {"event_name": "CDR", "disposition": "Busy", "billsec": None}, DialWord.BUSY),
        (CDR | {"disposition": "NO ANSWER", "duration": "20"}, DialWord.NO_ANSWER),
        ({key.upper(): value for key, value in CDR.items()}, DialWord.ANSWERED),
        (CDR | {"type": "local"}, DialWord.NOTHING),
        ({"event_name": "NewState", "exten": "201", "state": "InUse", "direction": "out"}, DialWord.AGENT_ANSWERED),
        ({"event_name": "NewState", "exten": "201", "state": "Ringing", "direction": "in"}, DialWord.NOTHING),
        ({"event_name": "IncomingCall", "number": "9121234567", "cuid": "1.3"}, DialWord.INBOUND),
        ({"event_name": "ExtenAdded", "exten": "209"}, DialWord.NOTHING),
    ],
)
def test_events_of_simotel(given: dict[str, Any], word: DialWord) -> None:
    said = reader(simotel.USUAL).read(given, NOW)
    assert said.word is word
    assert said.number in ("", "09121234567")


def test_an_order_to_simotel() -> None:
    dialer = SimotelDialer(
        base_url="http://10.0.0.5/api/v4", user="crm", password="pw", api_key="key", context="main", trunk="t1", ring=25
    )
    request = dialer.request(ORDER)
    assert request.url == "http://10.0.0.5/api/v4/call/originate/act"
    assert request.json == {
        "caller": "201", "callee": "09121234567", "context": "main", "timeout": "25", "trunk_name": "t1",
    }  # fmt: skip
    assert request.headers["X-APIKEY"] == "key"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"crm:pw"
    assert not any(part in repr(request) for part in ("key", "pw", "0912"))


@pytest.mark.parametrize(
    ("status", "document", "placing", "reference"),
    [
        (200, {"success": 1, "data": {"originated_call_id": "orig.call.7"}}, Placing.TAKEN, "orig.call.7"),
        (200, {"success": 1, "data": "0"}, Placing.TAKEN, ""),
        (200, {"success": 0, "message": "no such extension"}, Placing.REFUSED, ""),
        (200, None, Placing.UNKNOWN, ""),
        (401, None, Placing.REFUSED, ""),
        (502, None, Placing.UNKNOWN, ""),
    ],
)
def test_answers_of_simotel(status: int, document: Any, placing: Placing, reference: str) -> None:
    dialer = SimotelDialer(base_url="http://10.0.0.5", user="u", password="p", api_key="k", context="main")
    placed = dialer.placed(status, document)
    assert (placed.placing, placed.reference) == (placing, reference)


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ({"Event": "DialBegin", "DestUniqueid": "7-1", "DestLinkedid": "7-1"}, DialWord.AGENT_RINGING),
        ({"Event": "DialEnd", "DestLinkedid": "7-1", "DialStatus": "ANSWER"}, DialWord.AGENT_ANSWERED),
        ({"Event": "DialEnd", "DestLinkedid": "7-1", "DialStatus": "BUSY"}, DialWord.AGENT_MISSED),
        (
            {"Event": "OriginateResponse", "ActionID": "7-1", "Response": "Failure", "Reason": "3"},
            DialWord.AGENT_MISSED,
        ),
        ({"Event": "DialBegin", "Uniqueid": "7-1", "Linkedid": "7-1"}, DialWord.RINGING),
        ({"Event": "DialEnd", "Uniqueid": "7-1", "Linkedid": "7-1", "DialStatus": "ANSWER"}, DialWord.ANSWERED),
        ({"Event": "DialEnd", "Uniqueid": "7-1", "Linkedid": "7-1", "DialStatus": "CONGESTION"}, DialWord.LINE_FAULT),
        ({"Event": "DialEnd", "Uniqueid": "7-1-o", "Linkedid": "7-1", "DialStatus": "BUSY"}, DialWord.AGENT_MISSED),
        ({"Event": "Hangup", "Uniqueid": "7-1", "Linkedid": "7-1", "Cause": "16"}, DialWord.ENDED),
        ({"Event": "Hangup", "Uniqueid": "9.2", "Linkedid": "7-1", "Cause": "17"}, DialWord.NOTHING),
    ],
)
def test_events_of_the_manager_interface(message: dict[str, str], word: DialWord) -> None:
    said = reader(ami.USUAL).read(message, NOW)
    assert (said.word, said.attempt) == (word, "7-1")


def test_somebody_calls_through_the_trunk() -> None:
    message = {"Event": "Newchannel", "Context": "from-trunk", "CallerIDNum": "+989121234567", "Linkedid": "16.1"}
    said = reader(ami.USUAL).read(message, NOW)
    assert (said.word, said.number) == (DialWord.INBOUND, "09121234567")


def test_an_originate() -> None:
    sent = AmiDialer(channel="PJSIP/{extension}", context="from-internal", prefix="9").originate(ORDER).decode()
    lines = sent.split("\r\n")
    assert lines[0] == "Action: Originate"
    assert {"Channel: PJSIP/201", "Exten: 909121234567", "ChannelId: 7-1", "Async: true", "Timeout: 30000"} <= {*lines}
    assert sent.endswith("\r\n\r\n")


@pytest.mark.parametrize("bad", ["201\r\nAction: Command", "201\nX: y", "201\x00", "2 1", "PJSIP", ""])
def test_an_extension_cannot_begin_another_action(bad: str) -> None:
    dialer = AmiDialer(channel="PJSIP/{extension}", context="from-internal")
    with pytest.raises(DialerOdd):
        dialer.originate(DialOrder(attempt="7-1", extension=bad, number="09121234567"))


@pytest.mark.parametrize("value", ["a\r\nAction: Logoff", "a\nb", "a\rb"])
def test_a_value_cannot_begin_another_line(value: str) -> None:
    with pytest.raises(DialerOdd):
        ami.action("Originate", [("CallerID", value)])


def test_messages_come_in_pieces() -> None:
    messages = AmiMessages()
    whole = (
        b"Asterisk Call Manager/5.0\r\nResponse: Success\r\nActionID: 1\r\n\r\nEvent: Hangup\r\nLinkedid: 7-1\r\n\r\n"
    )
    found = [one for place in range(len(whole)) for one in messages.feed(whole[place : place + 1])]
    assert found == [{"response": "Success", "actionid": "1"}, {"event": "Hangup", "linkedid": "7-1"}]


def test_a_message_without_end() -> None:
    with pytest.raises(DialerOdd):
        list(AmiMessages().feed(b"a" * 70_000))


def test_a_described_order() -> None:
    dialer = DescribedDialer(
        url="https://pbx.example/dial?ext={extension}&k={key}",
        headers={"X-Id": "{attempt}"},
        body={"to": "{number_98}", "more": [{"e164": "{number_e164}"}], "limit": 45},
        secrets={"key": "a&b"},
        reference=expressions.compiled("data.id"),
        accepted_when=expressions.compiled("ok"),
    )
    request = dialer.request(ORDER)
    assert request.url == "https://pbx.example/dial?ext=201&k=a%26b"
    assert request.headers == {"X-Id": "7-1"}
    assert request.json == {"to": "989121234567", "more": [{"e164": "+989121234567"}], "limit": 45}
    assert dialer.placed(200, {"ok": True, "data": {"id": "r1"}}).reference == "r1"
    assert dialer.placed(200, {"ok": False}).placing is Placing.REFUSED
    assert dialer.placed(422, {"ok": True}).placing is Placing.REFUSED
    assert dialer.placed(500, None).placing is Placing.UNKNOWN


def test_a_described_exchange_speaks_as_the_configuration_says() -> None:
    said = reader(described.USUAL, {"Talking": DialWord.ANSWERED}, word="state", talked="secs").read(
        {"State": " TALKING ", "Attempt": "7-1", "Secs": "00:01:05"}, NOW
    )
    assert (said.word, said.talked, said.attempt) == (DialWord.ANSWERED, 65, "7-1")


@pytest.mark.parametrize("given", [{}, {"event": "flying"}, {"event": ["answered"]}, {"event": 5}, {"event": None}])
def test_what_nobody_understands(given: dict[str, Any]) -> None:
    with pytest.raises(DialerOdd):
        reader(described.USUAL).read(given, NOW)


@pytest.mark.parametrize(
    "bad",
    [
        "http://pbx.example/a.mp3", "https://evil.example/a.mp3", "https://pbx.example@evil.example/a",
        "javascript://pbx.example/%0aalert(1)", "https://pbx.example:8443/a", "../../etc/passwd", "/etc/passwd",
        "https://pbx.example/" + "a" * 600, "https://pbx.example/a b", "https://pbx.example\\@evil.example/",
    ],
)  # fmt: skip
def test_recordings_of_other_places_are_left_out(bad: str) -> None:
    assert RULES.taken(bad) == ""


def test_numbers_as_they_are_dialled() -> None:
    assert forms("09121234567", "9") == {
        "number": "909121234567", "number_98": "989121234567", "number_e164": "+989121234567",
    }  # fmt: skip
    assert forms("+97455123456")["number"] == "0097455123456"


@pytest.mark.parametrize("at", ["2026-09-01 10:00:00", 1_788_244_200, "1788244200000", "2026-09-01T06:30:00Z"])
def test_times(at: object) -> None:
    assert reader(described.USUAL).read({"event": "busy", "time": at}, NOW).at == 1_788_244_200_000


@pytest.mark.parametrize("at", ["2031-01-01", "1999-01-01", "soon", 10**30, None, "9" * 400])
def test_times_that_cannot_be(at: object) -> None:
    assert reader(described.USUAL).read({"event": "busy", "time": at}, NOW).at == NOW
