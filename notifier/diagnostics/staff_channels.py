"""What is wrong with the channels of the staff, before the start and live."""

from collections.abc import AsyncIterator, Iterator

from notifier.channels.bots.api import TOKEN, BotApi
from notifier.config import Config
from notifier.config.staff import BotConfig
from notifier.diagnostics.findings import Finding
from notifier.diagnostics.findings import error as _error
from notifier.diagnostics.findings import warning as _warning
from notifier.diagnostics.verdicts import Verdict, error, ok, warning
from notifier.domain.channels import StaffChannel


def channel_findings(config: Config) -> Iterator[Finding]:
    """Bots that could not be asked, or could not be told."""
    for kind, bot in config.staff.channels.bots.items():
        where = f"{config.file}: staff.channels.{kind}"
        if bot.token.is_set and not TOKEN.fullmatch(bot.token.value()):
            yield _error(f"{where}.token", f"{bot.token.place} holds no token; one looks like 123456:ABC-DEF…")
        if bot.updates == "webhook":
            yield from _webhook(config, where, bot)
        elif bot.callback_token is not None:
            yield _warning(f"{where}.callback_token", 'is for updates = "webhook"; remove it, or write that')
    order, there = config.staff.channels.order, {*config.staff.channels.bots, StaffChannel.SMS}
    if config.console.push is not None:
        there.add(StaffChannel.PUSH)
    for kind in dict.fromkeys(order):
        if kind not in there:
            section = "console.push" if kind is StaffChannel.PUSH else f"staff.channels.{kind}"
            yield _warning(f"{config.file}: staff.channels.order", f"names {kind}, and there is no [{section}]")


def _webhook(config: Config, where: str, bot: BotConfig) -> Iterator[Finding]:
    if bot.callback_token is None:
        yield _error(
            f"{where}.callback_token", 'is needed for updates = "webhook": without it anybody could press buttons'
        )
    elif bot.callback_token.is_set and not TOKEN.fullmatch(bot.callback_token.value()):
        text = f"{bot.callback_token.place} must hold 8 to 200 letters, digits, - and _: it stands in an address"
        yield _error(f"{where}.callback_token", text)
    reached_by = ("https://", "http://") if bot.is_practice else ("https://",)
    if not config.server.public_url.startswith(reached_by):
        text = 'needs [server] public_url to begin with https://: messengers post nowhere else; or write "polling"'
        yield _error(f"{where}.updates", text)


async def bot(kind: StaffChannel, settings: BotConfig) -> AsyncIterator[Verdict]:
    """Whether a bot answers, and which it is."""
    about = f"staff.channels.{kind}"
    if not settings.token.is_set:
        yield error(about, f"{settings.token.place} is not set", "make a bot with @botfather and put its token there")
        return
    try:
        api = BotApi(kind, settings.token.value(), url=settings.url)
    except ValueError as trouble:
        yield error(about, str(trouble))
        return
    try:
        answer = await api.me()
    finally:
        await api.close()
    if answer.token_refused:
        yield error(
            about, f"does not take our token ({answer})", "it was revoked, or is another bot's: put in the new one"
        )
    elif not answer.taken:
        yield error(about, f"{settings.url} says nothing of use: {answer}", "is it reachable from here? set url if not")
    else:
        name = answer.result.get("username") if isinstance(answer.result, dict) else None
        yield ok(about, f"answers as @{name}" if isinstance(name, str) else "answers")
        if settings.username and isinstance(name, str) and name.casefold() != settings.username.casefold():
            yield warning(about, f"username is {settings.username}, and the bot is {name}", "set username to that")
