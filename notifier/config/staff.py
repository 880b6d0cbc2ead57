"""``[staff.channels]``: how members of staff are told of calls beside the SMS."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from notifier.config.addresses import web_address
from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.domain.channels import StaffChannel
from notifier.secret import Inline, Secret, is_reference


def _address(address: str) -> str:
    """An address that a token may be sent to."""
    if (parts := web_address(address)) is None:
        raise ValueError(f"{address!r} is no address of the web; write for example https://tapi.bale.ai")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("the address must hold no user name, password or query; the token is put behind it")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("write https://: over plain http anybody on the way could read the token")
    return address.rstrip("/")


def _is_here(address: Any) -> bool:
    parts = web_address(address) if isinstance(address, str) else None
    return parts is not None and is_loopback(parts.hostname or "")


class BotConfig(Section):
    """A bot of the shop's own. ``callback_token`` is the secret part of the address that a webhook is posted to."""

    token: Secret
    url: Annotated[str, AfterValidator(_address)]
    updates: Literal["polling", "webhook"] = "polling"
    callback_token: Secret | None = None
    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,64}$")] = ""

    @model_validator(mode="before")
    @classmethod
    def _practice_secrets(cls, section: Any) -> Any:
        """Let secrets of a stand-in on this machine stand in the file: they open nothing."""
        if not isinstance(section, dict) or not _is_here(section.get("url")):
            return section
        written = {key: section[key] for key in ("token", "callback_token") if isinstance(section.get(key), str)}
        return {**section, **{key: Inline(text) for key, text in written.items() if not is_reference(text)}}

    @property
    def is_practice(self) -> bool:
        """Whether it is a stand-in's, on this machine, to which any address of ours is good enough."""
        return _is_here(self.url)

    @property
    def link(self) -> str:
        """Where people find the bot, without the code that is put behind it."""
        return ""

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key, what must be set."""
        needed = {"token": self.token}
        return needed | ({"callback_token": self.callback_token} if self.callback_token else {})


class BaleBotConfig(BotConfig):
    url: Annotated[str, AfterValidator(_address)] = "https://tapi.bale.ai"

    @property
    def link(self) -> str:
        return f"https://ble.ir/{self.username}" if self.username else ""


class TelegramBotConfig(BotConfig):
    url: Annotated[str, AfterValidator(_address)] = "https://api.telegram.org"

    @property
    def link(self) -> str:
        return f"https://t.me/{self.username}" if self.username else ""


class StaffChannelsConfig(Section):
    """``order`` is that of whoever chose none; what is left out comes last."""

    order: tuple[StaffChannel, ...] = ()
    bale: BaleBotConfig | None = None
    telegram: TelegramBotConfig | None = None

    @property
    def bots(self) -> dict[StaffChannel, BotConfig]:
        """The bots that there are."""
        found: dict[StaffChannel, BotConfig | None] = {
            StaffChannel.BALE: self.bale,
            StaffChannel.TELEGRAM: self.telegram,
        }
        return {kind: bot for kind, bot in found.items() if bot is not None}


class StaffConfig(Section):
    channels: StaffChannelsConfig = StaffChannelsConfig.usual()
