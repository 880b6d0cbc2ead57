"""call/maketts: a text read out over the telephone."""

from notifier.simulator import phones
from notifier.simulator.answers import SimulatedAnswer, record
from notifier.simulator.methods.sending import MOST_RECEPTORS, check_tag, check_text, localids, send_date
from notifier.simulator.params import Params
from notifier.simulator.records import Draft
from notifier.simulator.state import Simulator


def maketts(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """``repeat`` is checked and, as at present with Kavenegar, has no effect."""
    receptors = [phones.voice(receptor) for receptor in params.listed("receptor", limit=MOST_RECEPTORS)]
    message = check_text(simulator, params.given("message"))
    sent_at = send_date(simulator, params)
    params.number("repeat", default=0, most=5)
    check_tag(simulator, params)
    sender = simulator.config["defaultsender"]
    drafts = [
        Draft(receptor=receptor, text=message, sender=sender, method="maketts", sent_at=sent_at, localid=localid)
        for receptor, localid in zip(receptors, localids(params, len(receptors)), strict=True)
    ]
    entries = [record(message) for message in simulator.accept(drafts)]
    as_object = simulator.rules.tts_entries == "object" and len(entries) == 1
    return SimulatedAnswer(entries[0] if as_object else entries)
