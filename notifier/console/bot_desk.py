"""The buttons under a reminder in a messenger, carried out as the console does it: the same book, the same rules."""

from dataclasses import dataclass
from datetime import timedelta

from notifier.channels.bots import buttons
from notifier.channels.bots.buttons import PressedButton, PressKind
from notifier.channels.bots.conversation import PressAnswer
from notifier.console import call_cards
from notifier.console.dependencies import Dependencies
from notifier.console.render import moment
from notifier.console.security import must_have_second_factor
from notifier.domain import jalali
from notifier.domain.calls import Call, CallState
from notifier.store import audit
from notifier.store.audit import Act
from notifier.store.reading import StoredCall
from notifier.store.staff import Staff
from scheduler.book import CallHeld, StaleCall, UnknownCall

_SNOOZE = timedelta(minutes=30)
_GONE = "این تماس پیدا نشد؛ شاید پاک شده باشد."
_OVER = "این تماس به پایان رسیده است؛ سراغ تماس بعدی بروید."
_NOT_THEIRS = "این تماس از آنِ شما نیست؛ در میز پشتیبانی تماس‌های خودتان را ببینید."
_SECOND = "نخست ورود دومرحله‌ای را در صفحهٔ حساب خودتان فعال کنید."


@dataclass(frozen=True, slots=True)
class BotDesk:
    deps: Dependencies

    async def press(self, staff: Staff, pressed: PressedButton) -> PressAnswer:
        """Claim or put off; whoever comes late is told who did what."""
        stored = await self.deps.reader.call(pressed.call_id)
        if stored is None:
            return PressAnswer(text=_GONE)
        if not staff.makes_calls or not staff.may_make(stored.call):
            entry = self.deps.entry(Act.REFUSED, staff.id, about=f"bot {pressed.kind.name} {pressed.call_id}")
            await audit.write_some(self.deps.redis, entry)
            return PressAnswer(text=_NOT_THEIRS)
        if must_have_second_factor(staff, self.deps) and staff.second is None:
            return PressAnswer(text=_SECOND)
        try:
            if pressed.kind is PressKind.CLAIM:
                return await self._claim(stored, staff, pressed)
            return await self._snooze(staff, pressed)
        except UnknownCall:
            return PressAnswer(text=_GONE)
        except StaleCall as stale:
            if stale.entry.by == staff.id and stale.entry.what == "snoozed" and pressed.kind is PressKind.SNOOZE:
                return PressAnswer(text=await self._put_off_to(pressed.call_id))
            return PressAnswer(text=await call_cards.said_of(self.deps, stale.entry, staff.id))
        except CallHeld:
            return PressAnswer(text=await self._held(pressed.call_id, staff))

    async def _claim(self, stored: StoredCall, staff: Staff, pressed: PressedButton) -> PressAnswer:
        call, now = stored.call, self.deps.now()
        if not (call.state is CallState.CLAIMED and call.assignee == staff.id and call.claimed_until > now):
            call = (await self.deps.calling.book.claim(call.id, staff.id, seen=pressed.lines)).call
        until = jalali.time_of(moment(call.claimed_until))
        left = buttons.snooze_alone(pressed) if pressed.alone else ()
        return PressAnswer(text=f"برداشتید؛ تا ساعت {until} در دست شماست.", keyboard=left)

    async def _snooze(self, staff: Staff, pressed: PressedButton) -> PressAnswer:
        at = self.deps.clock.now() + _SNOOZE
        stored = await self.deps.calling.book.snooze(pressed.call_id, staff.id, at, "", seen=pressed.lines)
        return PressAnswer(text=_put_off(stored.call))

    async def _put_off_to(self, call_id: str) -> str:
        stored = await self.deps.reader.call(call_id)
        return _put_off(stored.call) if stored is not None else _GONE

    async def _held(self, call_id: str, staff: Staff) -> str:
        stored = await self.deps.reader.call(call_id)
        if stored is None:
            return _GONE
        call = stored.call
        if call.is_open:
            name = await call_cards.name_of(self.deps, call.assignee or "")
            return f"{name} این تماس را برداشته و تا {jalali.time_of(moment(call.claimed_until))} در دست دارد."
        act = call_cards.last_act(call)
        return await call_cards.said_of(self.deps, act, staff.id) if act is not None else _OVER


def _put_off(call: Call) -> str:
    return f"این تماس به ساعت {jalali.time_of(moment(call.due))} رفت."
