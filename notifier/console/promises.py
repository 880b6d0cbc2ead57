"""What the shop promises whom, as a table of stages and groups; a supervisor changes it cell by cell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from notifier.config.promises import (
    CALLS,
    REVIVED,
    SETTINGS,
    FileNotWritten,
    OddFile,
    OutdatedPromise,
    PromiseCell,
    SettingsRefused,
    calls_value,
    parse_after,
    rule_value,
    texts_value,
    written,
)
from notifier.console import labels
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, Unavailable
from notifier.console.render import Renderer
from notifier.console.security import SESSION, STAFF, posted, require_supervisor
from notifier.domain import persian
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType
from notifier.domain.messages import Audience
from notifier.domain.orders import Priority
from notifier.domain.policy import EVERYTHING, Block, CallRule, EventRule, TextRule, When
from notifier.errors import NotifierError

_MOST = 10  # texts or calls of one cell
_SPARE = 2
_CELLS: Mapping[str, str] = {
    SETTINGS: "قرار کلی گروه",
    CALLS: "تماس هنگام ورود به گروه",
    **{kind: labels.EVENTS.get(kind, kind) for kind in EventType},
    REVIVED: "سفارش لغوشده دوباره برقرار شد",
}
_REGIONS = {"tehran": "تهران", "elsewhere": "شهرهای دیگر"}
_OTHERS = {"free": "سفارش رایگان", "otherwise": "روش پرداخت نامعلوم"}
WHENS: Mapping[str, str] = {
    When.ALWAYS: "همیشه",
    When.PREPAID: "اگر پرداخت‌شده باشد",
    When.UNPAID: "اگر هنوز پرداخت نشده باشد",
    When.PART: "اگر تنها بخشی از واریز رسیده باشد",
    When.NO_DEPOSIT: "اگر تا پایان مهلت واریزی نرسیده باشد",
    When.SURPLUS: "اگر بیش از مبلغ سفارش رسیده باشد",
    When.NO_TIME: "اگر زمان تحویل هماهنگ نشده باشد",
    When.DELIVERY_DAY: "صبح روز تحویل",
    When.LOW_MARK: "اگر نمرهٔ مشتری ۱ یا ۲ باشد",
}
_UNITS: Mapping[str, str] = {"m": "دقیقه", "h": "ساعت", "d": "روز", "s": "ثانیه"}


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One text or call of a cell, in words."""

    name: str
    title: str
    after: str
    when: str


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A cell of the table."""

    texts: tuple[PromiseLine, ...] = ()
    calls: tuple[PromiseLine, ...] = ()
    cancels: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.texts or self.calls or self.cancels or self.says)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseForm:
    """What a form for a cell holds: lines of name, count, unit and condition, as they were typed."""

    texts: Sequence[tuple[str, str, str, str]] = ()
    calls: Sequence[tuple[str, str, str, str]] = ()
    cancel: frozenset[str] = frozenset()
    priority: str = Priority.NORMAL
    needs_payment: bool = False


class UnreadForm(NotifierError):
    """Something in the form cannot be read; the text says what."""


class PromisePages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        place = "/promises/{block}/{key}"
        return [web.get("/promises", self.table), web.get(place, self.edit), web.post(place, self.save)]

    async def table(self, request: web.Request) -> web.Response:
        """All promises in force."""
        blocks = self._deps.promises.blocks()
        shown = {keys: {key: _view(block, key) for key in _CELLS} for keys, block in blocks.items()}
        rows = [
            (key, title, [(keys, shown[keys][key]) for keys in blocks])
            for key, title in _CELLS.items()
            if any(not shown[keys][key].is_empty for keys in blocks) or key in frozenset(EventType)
        ]
        return await self._render.page(
            request,
            "promises.html",
            groups=[(".".join(keys), group(keys)) for keys in blocks],
            rows=rows,
            read_only=self._deps.promises.is_read_only(),
            file=self._deps.promises.file.name,
        )

    async def edit(self, request: web.Request) -> web.Response:
        """One cell, to be changed."""
        cell, block = self._found(request)
        try:
            base = self._deps.promises.fingerprint(cell)
        except OddFile as error:
            raise Unavailable(f"فایل تنظیمات همین حالا خوانده نمی‌شود؛ شاید کسی آن را می‌نویسد. {error}") from None
        return await self._page(request, cell, _form(block, cell.key), base=base)

    async def save(self, request: web.Request) -> web.Response:
        """Check it as `notifier check` does, write it into the file, and go on by it."""
        cell, block = self._found(request)
        fields = await posted(request)
        base, form = str(fields.get("base", "")), _typed(fields)
        if self._deps.promises.is_read_only():
            return await self._page(request, cell, form, base=base, status=409)
        try:
            value = _value(form, cell.key, block)
            in_force = await self._deps.promises.save(cell, value, base=base, by=request[STAFF].id)
        except UnreadForm as error:
            return await self._page(request, cell, form, base=base, wrong=str(error), status=422)
        except SettingsRefused as error:
            wrong = "تنظیمات با این تغییر درست نیست؛ چیزی عوض نشد."
            return await self._page(request, cell, form, base=base, wrong=wrong, findings=error.findings, status=422)
        except OutdatedPromise:
            base = self._deps.promises.fingerprint(cell)
            return await self._page(request, cell, form, base=base, theirs=_view(block, cell.key), status=409)
        except OddFile:
            wrong = "این جای فایل به شکلی نوشته شده که از این‌جا عوض نمی‌شود؛ آن را در خود فایل تغییر دهید."
            return await self._page(request, cell, form, base=base, wrong=wrong, status=409)
        except FileNotWritten as error:
            wrong = f"فایل نوشته نشد: {error}. آنچه نوشتید این‌جا مانده است."
            return await self._page(request, cell, form, base=base, wrong=wrong, status=409)
        told = "قول تازه ذخیره شد و برای رویدادهای بعدی برقرار است."
        if not in_force:
            told = "قول تازه در فایل ذخیره شد، ولی سرویس آن را نپذیرفت و با قول پیشین کار می‌کند؛ گزارش‌ها را ببینید."
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/promises"})

    def _found(self, request: web.Request) -> tuple[PromiseCell, Block]:
        require_supervisor(request)
        keys, key = tuple(request.match_info["block"].split(".")), request.match_info["key"]
        block = self._deps.promises.blocks().get(keys)
        if block is None or key not in _CELLS:
            raise Missing("چنین قولی نیست؛ از جدول قول‌ها بروید.")
        return PromiseCell(keys, key), block

    async def _page(
        self,
        request: web.Request,
        cell: PromiseCell,
        form: PromiseForm,
        *,
        base: str,
        wrong: str = "",
        findings: Sequence[str] = (),
        theirs: PromiseView | None = None,
        status: int = 200,
    ) -> web.Response:
        texts = sorted(
            name
            for name, template in self._deps.templates.items()
            if template.audience is Audience.CUSTOMER and "/" not in name
        )
        is_rule = cell.key in frozenset(EventType)
        return await self._render.page(
            request,
            "promise_edit.html",
            status=status,
            group=group(cell.block),
            title=_CELLS[cell.key],
            at=f"/console/promises/{'.'.join(cell.block)}/{cell.key}",
            base=base,
            form=form,
            with_texts=is_rule or cell.key == REVIVED,
            with_calls=is_rule or cell.key == CALLS,
            with_cancel=is_rule,
            with_settings=cell.key == SETTINGS,
            texts=texts,
            purposes=list(Purpose),
            whens=WHENS,
            units=_UNITS,
            cancellable=[*(str(one) for one in Purpose), *(name for name in texts if name not in frozenset(Purpose))],
            everything=EVERYTHING,
            read_only=self._deps.promises.is_read_only(),
            wrong=wrong,
            findings=findings,
            theirs=theirs,
            named=named,
        )


def group(keys: Sequence[str]) -> str:
    """A block of promises as people call it: «تهران، آنلاین»."""
    if len(keys) == 1:
        return _OTHERS.get(keys[0], keys[0])
    region, method = keys
    return f"{_REGIONS.get(region, region)}، {labels.METHODS.get(method, method)}"


def waits(after: timedelta) -> str:
    """«۳۰ دقیقه بعد»; empty for at once."""
    if not after:
        return ""
    text = written(after)
    return f"{persian.digits(text[:-1])} {_UNITS[text[-1]]} بعد"


def _view(block: Block, key: str) -> PromiseView:
    if key == SETTINGS:
        high = ("تحویل با اولویت پس از پرداخت",) if block.priority is Priority.HIGH else ()
        return PromiseView(says=high + (("تا پرداخت، خبری از مرحله‌ها نمی‌رود",) if block.needs_payment else ()))
    rule = _rule(block, key)
    cancels = sorted(rule.cancel)
    return PromiseView(
        texts=tuple(
            PromiseLine(one.template, labels.template(one.template), waits(one.after), _condition(one.when))
            for one in rule.sms
        ),
        calls=tuple(
            PromiseLine(one.purpose, labels.purpose(one.purpose), waits(one.after), _condition(one.when))
            for one in rule.calls
        ),
        cancels=("هر پیامک و تماس منتظر",) if EVERYTHING in cancels else tuple(map(named, cancels)),
    )


def _rule(block: Block, key: str) -> EventRule:
    if key == CALLS:
        return EventRule(calls=block.calls)
    if key == REVIVED:
        return EventRule(sms=block.revived)
    return EventRule() if key == SETTINGS else block.rule(EventType(key))


def named(name: str) -> str:
    """What a cancellation names; one word may be a text and a call at once."""
    if name not in frozenset(Purpose):
        return f"پیامک «{labels.template(name)}»"
    both = name in labels.TEMPLATES
    return f"{'پیامک و ' if both else ''}تماس «{labels.purpose(name)}»"


def _condition(when: When) -> str:
    return "" if when is When.ALWAYS else WHENS[when]


def _form(block: Block, key: str) -> PromiseForm:
    rule = _rule(block, key)
    return PromiseForm(
        texts=_padded((one.template, *_entered(one.after), one.when) for one in rule.sms),
        calls=_padded((one.purpose, *_entered(one.after), one.when) for one in rule.calls),
        cancel=rule.cancel,
        priority=block.priority,
        needs_payment=block.needs_payment,
    )


def _entered(after: timedelta) -> tuple[str, str]:
    if not after:
        return "", "m"
    text = written(after)
    return text[:-1], text[-1]


def _padded(lines: Iterable[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """With empty lines below, for more."""
    found = list(lines)[:_MOST]
    return found + [("", "", "m", str(When.ALWAYS))] * min(_SPARE, _MOST - len(found))


def _typed(fields: Any) -> PromiseForm:
    def lines(name: str) -> list[tuple[str, str, str, str]]:
        columns = [fields.getall(key, []) for key in (name, f"{name}_after", f"{name}_unit", f"{name}_when")]
        return _padded(line for line in zip(*columns, strict=False) if line[0])

    return PromiseForm(
        texts=lines("sms"),
        calls=lines("call"),
        cancel=frozenset(fields.getall("cancel", [])),
        priority=fields.get("priority", ""),
        needs_payment=fields.get("needs_payment") == "yes",
    )


def _value(form: PromiseForm, key: str, block: Block) -> Any:
    """As the file says it. Raises UnreadForm."""
    if key == SETTINGS:
        if form.priority not in frozenset(Priority):
            raise UnreadForm("اولویت را انتخاب کنید.")
        found: dict[str, Any] = {} if form.priority == Priority.NORMAL else {"priority": str(form.priority)}
        return (found | ({"needs_payment": True} if form.needs_payment else {})) or None
    texts = tuple(
        TextRule(template=name, after=_after(count, unit), when=_when(when))
        for name, count, unit, when in form.texts
        if name
    )
    purposes = [(_purpose(name), count, unit, when) for name, count, unit, when in form.calls if name]
    calls = tuple(
        CallRule(purpose=purpose, after=_after(count, unit), when=_when(when))
        for purpose, count, unit, when in purposes
    )
    if key == REVIVED:
        return texts_value(texts) or None
    if key == CALLS:
        return calls_value(calls) or None
    cancel = frozenset({EVERYTHING}) if EVERYTHING in form.cancel else form.cancel
    return rule_value(EventRule(sms=texts, calls=calls, cancel=cancel))


def _after(count: str, unit: str) -> timedelta:
    try:
        return parse_after(persian.ascii_digits(count[:20]).strip(), unit)
    except ValueError:
        raise UnreadForm(f"«{count[:20]}» عدد نیست؛ مدت را با رقم بنویسید، مانند ۳۰ دقیقه.") from None


def _when(text: str) -> When:
    if text not in frozenset(When):
        raise UnreadForm("شرط هر سطر را انتخاب کنید.")
    return When(text)


def _purpose(name: str) -> Purpose:
    if name not in frozenset(Purpose):
        raise UnreadForm("منظور تماس را انتخاب کنید.")
    return Purpose(name)
