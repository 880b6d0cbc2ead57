"""verify/lookup: a text by an approved pattern. It has no localid: a second call is a second message."""

import re

from notifier.simulator import phones, text
from notifier.simulator.answers import SimulatedAnswer, record
from notifier.simulator.codes import RefusedError
from notifier.simulator.methods.sending import check_tag
from notifier.simulator.params import Params
from notifier.simulator.records import Draft
from notifier.simulator.state import Simulator

SPACES_ALLOWED = {"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8}
_LONGEST_TOKEN = 100
_PLACEHOLDER = re.compile(r"%(token(?:20|10|2|3)?)(?![0-9])")


def lookup(simulator: Simulator, params: Params) -> SimulatedAnswer:
    receptor = params.required("receptor")
    params.required("token")
    template = params.required("template")
    receptor = phones.anywhere(receptor)
    tokens = {name: _token(simulator, params, name) for name in SPACES_ALLOWED}
    pattern = simulator.templates.get(template)
    if pattern is None:
        raise RefusedError(424)
    if "token" not in _PLACEHOLDER.findall(pattern):
        raise RefusedError(432)
    kind = params.optional("type") or "sms"
    if kind not in ("sms", "call"):
        raise RefusedError(400)
    if kind == "call" and not all(token.isdecimal() for token in tokens.values() if token):
        raise RefusedError(428)
    check_tag(simulator, params)
    draft = Draft(
        receptor=receptor,
        text=_PLACEHOLDER.sub(lambda match: tokens[match[1]], pattern),
        sender=simulator.config["defaultsender"],
        method="lookup",
        sent_at=simulator.clock.now(),
        template=template,
    )
    entries = [record(message) for message in simulator.accept([draft])]
    return SimulatedAnswer(entries[0] if simulator.rules.lookup_entries == "object" else entries)


def _token(simulator: Simulator, params: Params, name: str) -> str:
    """The token, empty if not given; 431 when its form is wrong, 422 for a character no phone shows."""
    token = params.raw(name)
    spaces = token.count(" ")
    white = sum(letter.isspace() for letter in token)
    wrong = (
        len(token) > _LONGEST_TOKEN
        or white > spaces
        or spaces > SPACES_ALLOWED[name]
        or any(separator in token for separator in simulator.rules.token_separators)
    )
    if wrong:
        raise RefusedError(431)
    text.check_characters(token)
    return token
