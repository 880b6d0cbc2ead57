"""The demo for people: a clock, what the shops post, phones, and the support desk."""

from collections.abc import Iterator
from datetime import date, datetime

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from notifier.clock import TEHRAN
from notifier.demo.bubbles import bubble
from notifier.demo.happenings import Arrived, CallHappening, DialShown, Happening, Heard, Posted, PutOff, Said, Summary
from notifier.demo.stage import STAFF, DemoStage
from notifier.domain import jalali
from notifier.domain.counted import counted
from notifier.domain.messages import Audience

_GUTTER = 7  # the clock and the space after it
_BUBBLE = 60
_LABEL = 16

_SHOP, _CUSTOMER, _STAFF, _NOTE, _NOT = "bold cyan", "green", "magenta", "italic yellow", "red"

_WHY_NOT = {
    "superseded": "newer news has overtaken it",
    "not_paid": "it waits until the money is there",
    "no_mobile": "there is no mobile number",
    "past": "it happened long ago",
    "not_on_offer": "this method of payment is not on offer there",
}
_WHY_CALL = {
    "coordination": "agree on the time of delivery",
    "reassurance": "reassure the customer after the payment",
    "shipping_update": "tell how the parcel travels",
    "satisfaction": "ask whether all is well",
    "arrange_payment": "arrange the payment",
    "payment_help": "help with the payment",
    "verify_deposit": "look for the transfer in the account",
    "deposit_reminder": "ask about the transfer",
    "undelivered_sms": "a text did not arrive",
    "why_cancelled": "ask why the order was cancelled",
    "return": "arrange how the goods come back",
    "deposit_not_found": "ask about a transfer that was not found",
    "stalled_parcel": "tell of a parcel that does not move",
    "callback": "the customer asked to be called",
}
_NOT_SENT = {"withdrawn": "withdrawn: pointless by now", "expired": "not sent: its time has passed"}


class Terminal:
    """Prints what happens as it happens. A Persian name is never followed by digits: they would change places."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, ""
        self._day: date | None = None

    def ready(self, stage: DemoStage) -> None:
        """Everything runs."""
        about = (
            f"The service runs on {stage.url}, with its own Redis and a simulated Kavenegar. Two shops now post the "
            "events of a day. Texts to [green]customers[/] and to [magenta]staff[/] appear as their phones show them."
        )
        self._console.print(Text.from_markup(about), soft_wrap=False)

    def show(self, happening: Happening) -> None:
        """Print one thing, under the clock."""
        if isinstance(happening, Summary):
            self._console.print()
            self._console.print(Rule("The sum of the day", style="dim"))
            self._console.print(_sum(happening))
            return
        if isinstance(happening, CallHappening) and happening.state == "planned" and happening.due_at <= happening.at:
            return  # it is due now, which is said next
        at = happening.at.astimezone(TEHRAN)
        if at.date() != self._day:
            self._day, self._clock = at.date(), ""
            self._console.print()
            self._console.print(Rule(f"{at:%A %d %B %Y} · {jalali.date(at)}", style="dim"))
        row = Table.grid(padding=(0, 2))
        row.add_column(width=_GUTTER - 2)
        row.add_column()
        clock = f"{at:%H:%M}"
        if isinstance(happening, Posted | Said | Heard | DialShown):
            self._console.print()
        row.add_row(Text("" if clock == self._clock else clock, "bold"), self._shown(happening))
        self._clock = clock
        self._console.print(row)

    def over(self, stage: DemoStage) -> None:
        """The day has been played and everything stays up: how to look at it."""
        agent, supervisor = STAFF
        lines: list[RenderableType] = [Text(f"Everything stays up on {stage.url} until Ctrl-C; the clock runs on.")]
        if stage.has("/console"):
            login = f"{agent.id} (agent) or {supervisor.id} (supervisor), password {stage.keys.password}"
            lines += [_pair("Console", f"{stage.url}/console/"), _pair("Sign in as", login)]
            if stage.service.channels:
                lines.append(_pair("Messenger", f"{stage.messenger} (bind it with a code of /console/me)"))
        lines += [
            _pair("API token", stage.keys.api),
            Text("Try the story of an order:"),
        ]
        self._console.print()
        self._console.print(Group(*lines))
        # In one piece, whatever the width: to be copied.
        command = f"curl -H 'Authorization: Bearer {stage.keys.api}' {stage.url}/api/orders/10025"
        self._console.print(Text(command, "bold"), soft_wrap=True)

    def _shown(self, happening: Happening) -> RenderableType:
        match happening:
            case Posted():
                return Group(*_event(happening))
            case Said():
                return Group(*_said(happening))
            case Heard():
                return Group(*_heard(happening))
            case DialShown():
                return Group(*_dialled(happening))
            case Arrived(message=message, name=name):
                staff = message.audience is Audience.STAFF
                return bubble(
                    message.text,
                    title=f"{'Staff' if staff else 'SMS'} {_spaced(message.to)} {name}",
                    note=message.template,
                    colour=_STAFF if staff else _CUSTOMER,
                    width=min(_BUBBLE, self._console.width - _GUTTER),
                )
            case PutOff(message=message, state="waiting"):
                when = self._moment(message.not_before or happening.at)
                return Text(f"… text {message.template} waits until {when}", "dim")
            case PutOff(message=message, state=state):
                return Text(f"✗ text {message.template} ({message.order_id}) {_NOT_SENT[state]}", _NOT)
            case CallHappening():
                return self._call(happening)
            case _:
                raise TypeError(f"{happening!r} has no place in a day")

    def _call(self, calling: CallHappening) -> RenderableType:
        call, reason, state = calling.call, calling.reason, calling.state
        why = _WHY_CALL.get(reason.purpose, reason.purpose)
        who = f"{_spaced(call.phone)} {call.name or ''}" if call.phone else call.name or "nobody known"
        match state:
            case "planned":
                return Text(f"☎ call {reason.purpose} planned for {self._moment(calling.due_at)}: {why}", "dim magenta")
            case "cancelled":
                return Text(f"✗ call {reason.purpose} ({reason.order_id}) dropped: no need any more", _NOT)
            case "due":
                return Text(f"☎ call now: {why} (order {reason.order_id})\n  {who}", f"bold {_STAFF}")
            case "done":
                return Text(f"✓ call made (order {reason.order_id})", f"dim {_STAFF}")
            case _:
                return Text(f"☎ call {reason.purpose} for order {reason.order_id} is {state}", _STAFF)

    def _moment(self, moment: datetime) -> str:
        """The hour, with the day where it is another one."""
        local = moment.astimezone(TEHRAN)
        return f"{local:%H:%M}" if local.date() == self._day else f"{local:%A %H:%M}"


def _event(posted: Posted) -> Iterator[Text]:
    """What a shop posted, what it was answered, and what follows that is neither a text nor a call."""
    step, answer = posted.step, posted.answer
    first = Text.assemble(
        (step.what, _SHOP),
        f" order {step.order_id} from {step.shop} → ",
        (str(posted.status), "bold green" if posted.status < 300 else f"bold {_NOT}"),
        " ",
        (", ".join(_decided(answer)), "bold"),
    )
    yield first
    yield Text(f"{posted.name}، {posted.city} — {posted.method}", "dim")
    if step.note:
        yield Text(step.note, _NOTE)
    for thing in answer.get("suppressed", ()):
        what = f"text {thing['template']}" if "template" in thing else f"call {thing['purpose']}"
        yield Text(f"✗ {what} suppressed: {_WHY_NOT.get(thing['reason'], thing['reason'])}", _NOT)


def _said(said: Said) -> Iterator[Text]:
    """What came of a customer's own words."""
    how = "by text" if said.by == "customer" else "with the desk"
    yield Text.assemble((said.kind, _CUSTOMER), f" order {said.order_id} {how}", (f" {said.delivery}", "bold"))
    yield Text(f"{said.name}: «{said.text}»" if said.text else said.name, "dim")
    if said.note:
        yield Text(said.note, _NOTE)


_FOUND = {"connected": "answered", "busy": "busy"}


def _dialled(dialled: DialShown) -> Iterator[Text]:
    """What became of a call through the exchange."""
    found = _FOUND.get(dialled.found, dialled.found) + (f", {dialled.talked} s talked" if dialled.talked else "")
    yield Text.assemble(
        ("exchange", _SHOP),
        f" rings extension {dialled.extension}, then {_spaced(dialled.phone)} (order {dialled.order_id}): ",
        (found, "bold"),
    )
    if dialled.note:
        yield Text(dialled.note, _NOTE)


_STANDING = {"matched": "belongs to", "open": "whose it is a person says", "noted": "no deposit"}


def _heard(heard: Heard) -> Iterator[Text]:
    """What a carrier or the bank told."""
    if heard.kind == "parcel":
        yield Text.assemble(("carrier", _SHOP), f" tells of the parcel of order {heard.order_id}")
        yield Text(f"«{heard.text}»" + (f"، {heard.place}" if heard.place else ""), "dim")
    else:
        what = _STANDING.get(heard.standing, heard.standing)
        order = f" order {heard.order_id}" if heard.order_id else ""
        yield Text.assemble(("bank", _SHOP), " tells of the account: ", (f"{what}{order}", "bold"))
        yield Text(" · ".join(heard.text.splitlines()), "dim")
    if heard.note:
        yield Text(heard.note, _NOTE)


def _decided(answer: dict[str, object]) -> Iterator[str]:
    if answer.get("duplicate"):
        yield "duplicate"
    if answer.get("parked"):
        yield "parked"
    if answer.get("prepaid"):
        yield "prepaid"
    if answer.get("delivery_priority") == "high":
        yield "high priority"


def _sum(total: Summary) -> RenderableType:
    good = "green" if not (total.lost or total.doubled) else _NOT
    rows = (
        ("Events", f"{total.events} posted, {total.duplicates} of them duplicate, {total.parked} parked and replayed"),
        ("Texts", f"{total.acknowledged} acknowledged: {total.sent} sent, {total.withdrawn} withdrawn by newer news"
                  f"{f', {total.expired} expired' if total.expired else ''}"
                  f"{f', {total.waiting} waiting' if total.waiting else ''}"),
        ("", f"{total.lost} lost, {total.doubled} doubled"),
        ("Calls", f"{total.calls} planned: {total.calls_due} fell due, {total.calls_cancelled} dropped before"),
        ("Reminders", f"{counted(total.reminders, 'text')} to staff"),
        ("Cost", f"{counted(total.parts, 'part')}, {total.cost:,} rial"),
    )  # fmt: skip
    return Group(*(_pair(label, text, good if "lost" in text else "") for label, text in rows))


def _pair(label: str, text: str, style: str = "") -> RenderableType:
    return Text.assemble((f"{label:<{_LABEL}}", "dim"), (text, style))


def _spaced(phone: str | None) -> str:
    """A mobile as people write it: 0912 123 4567."""
    return f"{phone[:4]} {phone[4:7]} {phone[7:]}" if phone and len(phone) == 11 else phone or ""
