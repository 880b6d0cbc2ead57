"""What a bot answers: to a code that binds a chat, to a button under a reminder, and to strangers little."""

from dataclasses import dataclass
from typing import Protocol

import structlog
from redis.asyncio import Redis

from notifier.channels.bots import buttons, updates
from notifier.channels.bots.api import BotApi, Keyboard
from notifier.channels.bots.bindings import WRONG_WINDOW, BotBindings, CodeOutcome
from notifier.channels.bots.buttons import PressedButton
from notifier.channels.bots.updates import BotPress, BotWords
from notifier.clock import Clock
from notifier.domain import persian
from notifier.store import keys as names
from notifier.store.staff import Staff
from notifier.store.work import Script

log = structlog.get_logger()

_COUNT = Script("attempt")
_ANSWERS = 20  # to one chat in a quarter of an hour that is nobody's

HOW = (
    "سلام. این ربات وقت تماس‌ها را به همکاران فروشگاه یادآوری می‌کند.\n"
    "برای اتصال، در میز پشتیبانی صفحهٔ حساب خودتان را باز کنید، «کد اتصال» بگیرید و همین‌جا بفرستید."
)
WRONG = "این کد درست نیست یا وقتش گذشته است. در میز پشتیبانی، در صفحهٔ حساب خودتان، کد تازه بگیرید."
LIMITED = "چند کد پشت سر هم نادرست بود. یک ربع دیگر با کد تازه دوباره امتحان کنید."
KNOWN = "این گفتگو به حساب {} وصل است و یادآوری تماس‌ها همین‌جا می‌آید."
BOUND = "وصل شد، {}. از این پس یادآوری تماس‌ها همین‌جا می‌آید؛ ترتیب راه‌ها را در صفحهٔ حساب خودتان می‌چینید."
NOT_BOUND = "این گفتگو به حسابی وصل نیست؛ در میز پشتیبانی کد اتصال بگیرید و بفرستید."
ODD = "این دکمه دیگر کار نمی‌کند؛ تماس را در میز پشتیبانی ببینید."


@dataclass(frozen=True, slots=True, kw_only=True)
class PressAnswer:
    """What came of a press, in a sentence, and the buttons that make sense after it."""

    text: str
    keyboard: Keyboard = ()


class CallDesk(Protocol):
    """Who carries out what a button asks for, by the same rules as the console."""

    async def press(self, staff: Staff, pressed: PressedButton) -> PressAnswer: ...


@dataclass(frozen=True, slots=True)
class BotConversation:
    """Everything that may be said twice is: a messenger that got no answer from us tells us again."""

    api: BotApi
    redis: Redis
    clock: Clock
    desk: CallDesk

    async def handle(self, update: object) -> None:
        """Act on an update. Raises what the store raises: then it has to be told again."""
        match updates.read(update):
            case BotWords() as words:
                await self._words(words)
            case BotPress() as press:
                await self._press(press)

    async def _words(self, words: BotWords) -> None:
        kind, bindings = self.api.kind, BotBindings(self.redis)
        if (code := words.code) is not None:
            outcome, staff = await bindings.bind(kind, words.chat, code, self.clock.now())
            if outcome is CodeOutcome.BOUND and staff is not None:
                log.info("a chat was bound", action="bot_bound", channel=kind, staff=staff.id)
                await self.api.send(words.chat, BOUND.format(persian.tidy(staff.name)))
                return
            if (known := await bindings.whose(kind, words.chat)) is not None:  # the same code, told once more
                await self.api.send(words.chat, KNOWN.format(persian.tidy(known.name)))
                return
            log.warning("a code binds nobody", action="bot_code_refused", channel=kind, outcome=outcome)
            await self._say(words.chat, LIMITED if outcome is CodeOutcome.LIMITED else WRONG)
            return
        staff = await bindings.whose(kind, words.chat)
        if staff is not None:
            await self._say(words.chat, KNOWN.format(persian.tidy(staff.name)))
        else:
            await self._say(words.chat, HOW)

    async def _press(self, press: BotPress) -> None:
        staff = await BotBindings(self.redis).whose(self.api.kind, press.chat)
        if staff is None:
            await self.api.answer_press(press.id, NOT_BOUND)
            return
        pressed = buttons.read(press.data)
        answer = await self.desk.press(staff, pressed) if pressed is not None else PressAnswer(text=ODD)
        await self.api.answer_press(press.id, answer.text)
        if pressed is not None and pressed.alone and press.text:
            said = press.text.partition(_MARK)[0]
            await self.api.edit(press.chat, press.message, f"{said}{_MARK}{answer.text}", answer.keyboard)
        else:  # other calls have buttons there, and old clients show no answer to a press
            await self._say(press.chat, answer.text)

    async def _say(self, chat: int, text: str) -> None:
        """Answer, so often and no more: strangers may write without end."""
        tries, _ = await _COUNT.run(self.redis, [names.attempts(f"bot-words:{self.api.kind}:{chat}")], WRONG_WINDOW)
        if tries <= _ANSWERS:
            await self.api.send(chat, text)


_MARK = "\n\n— "
"""Between a reminder and what came of it."""
