"""Writing a text anew: with what a phone would show of it, what is wrong with it, what it costs, and what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from notifier.console import labels
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal, Unavailable
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, require_supervisor
from notifier.domain import persian
from notifier.domain.policy import Shop
from notifier.domain.variables import VARIABLES
from notifier.errors import TemplateError
from notifier.sms.segments import MAX_UNITS
from notifier.sms.templates import Template
from notifier.texts import editing, lint, odd_samples, patterns, samples, sizes, versions, wording
from notifier.texts.editing import Mistake, MistakeKind, NotWritten, OpenText, OutdatedText, ReadOnly
from notifier.texts.odd_samples import SampleOrder
from notifier.texts.samples import Length
from notifier.texts.sizes import Size
from notifier.texts.wording import WordingPart

READ_ONLY: Mapping[ReadOnly, str] = {
    ReadOnly.FOLDER: "پوشهٔ متن‌ها روی این سرور فقط‌خواندنی است؛ متن‌ها را همان جایی تغییر دهید که نصب می‌شوند.",
    ReadOnly.RELOAD: "خواندن خودکار متن‌ها در تنظیمات غیرفعال است (templates.reload)؛ تا فعال نشود، ویرایش ممکن نیست.",
}

_ORDERS: Mapping[SampleOrder, str] = {
    SampleOrder.USUAL: "سفارش معمول",
    SampleOrder.LITTLE: "کمترین اطلاعات",
    SampleOrder.LONG: "نام‌های بسیار بلند",
    SampleOrder.NAMELESS: "بدون نام مشتری",
    SampleOrder.COMPANY: "خریدار شرکت است",
    SampleOrder.LATIN: "نام و کالای لاتین",
    SampleOrder.LETTERED: "شمارهٔ سفارش با حروف",
    SampleOrder.UNPAID: "هنوز پرداخت نشده",
    SampleOrder.CODELESS: "بدون کد رهگیری",
    SampleOrder.UNPRICED: "مبلغ نامعلوم",
    SampleOrder.SMALL: "مبلغ ناچیز",
    SampleOrder.MANY: "چند کالا",
}

_SPELLING: Mapping[str, str] = {
    "letters": "حرف عربی به‌جای فارسی (ی، ک، هٔ)",
    "invisible": "نویسهٔ نامرئی که جا می‌گیرد",
    "spaces": "فاصلهٔ اضافی",
    "digits": "رقم غیرفارسی",
    "quotes": "گیومهٔ غیرفارسی؛ «…» بنویسید",
    "punctuation": "نشانهٔ غیرفارسی؛ ، ؛ ؟ بنویسید",
    "joiners": "جای نیم‌فاصله",
    "marks": "فاصله پیش یا پس از نشانه",
    "direction": "ترتیب نادرست روی گوشی",
}


@dataclass(frozen=True, slots=True)
class Sampled:
    """The text of one sample order."""

    kind: SampleOrder
    title: str
    size: Size


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding for who writes; ``better`` is the whole line as it should be."""

    text: str
    line: int = 0
    better: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that is to be said of a draft; with a mistake, nothing else can be."""

    mistake: str = ""
    detail: str = ""
    chosen: Sampled | None = None
    others: tuple[Sampled, ...] = ()
    remarks: tuple[Remark, ...] = ()
    changed: tuple[WordingPart, ...] = ()
    drifted: Mapping[str, str] | None = None

    @property
    def is_changed(self) -> bool:
        return any(part.kind != "same" for part in self.changed)


class TextEditing:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/texts/{name:.+}/edit", self.edit),
            web.post("/texts/{name:.+}/edit", self.save),
            web.post("/texts/{name:.+}/preview", self.preview),
        ]

    async def edit(self, request: web.Request) -> web.Response:
        """The text to be written anew; ``?version=`` begins with what it said in that version."""
        name, opened = self._opened(request)
        words, older = opened.words, None
        if version := request.query.get("version", "")[:40]:
            older = await versions.get(self._deps.redis, name, version)
            if older is None:
                raise Missing("این نسخه نگه داشته نشده است.")
            words = editing.words_of(older.source)
        return await self._page(request, name, opened, words, base=opened.version, older=older)

    async def preview(self, request: web.Request) -> web.Response:
        """What would come of the words so far: a piece of the page, asked for while somebody writes."""
        _, opened = self._opened(request)
        form = request[FORM]
        judged = self._judged(opened, form.get("words", ""), form.get("sample", ""))
        text = self._render.fragment("text_preview.html", judged=judged, words=labels, opened=opened)
        return web.Response(text=text, content_type="text/html")

    async def save(self, request: web.Request) -> web.Response:
        """Write it into its file; with ``do=correct`` only mend the spelling, with ``do=look`` only look."""
        name, opened = self._opened(request)
        form = request[FORM]
        words, base, do = form.get("words", ""), form.get("base", ""), form.get("do", "save")
        if do == "correct":
            return await self._page(request, name, opened, editing.corrected(words[: editing.LONGEST]), base=base)
        if do == "look":
            return await self._page(request, name, opened, words, base=base)
        if reason := self._deps.editor.read_only(name):
            return await self._page(request, name, opened, words, base=base, wrong=READ_ONLY[reason], status=409)
        if base == opened.version and words.replace("\r\n", "\n").strip() == opened.words.strip():
            raise PageRefusal("چیزی عوض نشده است.")
        try:
            in_use = await self._deps.editor.save(name, words, base=base, by=request[STAFF].id)
        except Mistake:
            return await self._page(request, name, opened, words, base=base, status=422)
        except OutdatedText:
            return await self._page(request, name, self._deps.editor.opened(name), words, base=base, status=409)
        except NotWritten as error:
            wrong = f"فایل نوشته نشد: {error}. متن شما این‌جا مانده است."
            return await self._page(request, name, opened, words, base=base, wrong=wrong, status=409)
        told = "متن تازه ذخیره شد و پیامک‌های بعدی با آن می‌رود."
        if not in_use:
            told = "متن تازه ذخیره شد، ولی تا ایراد یک متن دیگر برطرف نشود به کار نمی‌رود."
        if kinds := self._to_be_approved(name, opened):
            told += f" الگو نزد {'، '.join(kinds)} باید دوباره تأیید شود."
        await self._deps.sessions.tell(request[SESSION], told, about=f"text:{name}")
        return web.Response(status=303, headers={"Location": f"/console/texts/{name}"})

    def _opened(self, request: web.Request) -> tuple[str, OpenText]:
        require_supervisor(request)
        name = request.match_info["name"]
        if name not in self._deps.templates:
            raise Missing("چنین متنی نیست.")
        try:
            return name, self._deps.editor.opened(name)
        except TemplateError as error:
            raise Unavailable(f"فایل این متن خوانده نشد: {error}") from None

    async def _page(
        self,
        request: web.Request,
        name: str,
        opened: OpenText,
        words: str,
        *,
        base: str,
        older: versions.TextVersion | None = None,
        wrong: str = "",
        status: int = 200,
    ) -> web.Response:
        sample = request.get(FORM, {}).get("sample", "")
        outdated = base != opened.version
        edits = await versions.edits(self._deps.redis, name) if outdated else []
        names = {one.id: one.name for one in await self._deps.calling.staff.all()} if outdated else {}
        reason = self._deps.editor.read_only(name)
        return await self._render.page(
            request,
            "text_edit.html",
            status=status,
            template_name=name,
            opened=opened,
            typed=words.replace("\r\n", "\n"),
            longest=editing.LONGEST,
            outdated=outdated,
            by_whom=next((labels.doer(one.by, names) for one in edits if one.after == opened.version), ""),
            older=older,
            older_head=bool(older and not older.source.startswith(opened.head)),
            wrong=wrong,
            read_only=READ_ONLY[reason] if reason else "",
            judged=self._judged(opened, words, sample),
            sample_orders=_ORDERS,
            sample=sample,
            variables=_examples(opened.template, self._deps),
        )

    def _judged(self, opened: OpenText, words: str, sample: str) -> Judged:
        try:
            draft = self._deps.editor.drafted(opened, words)
        except Mistake as mistake:
            return Judged(mistake=said(mistake), detail=mistake.detail)
        shop, prices = shop_of(draft, self._deps), self._deps.config.sms.price
        every = tuple(
            Sampled(kind, title, sizes.measured(draft, odd_samples.values(draft, shop, kind), prices))
            for kind, title in _ORDERS.items()
        )
        chosen = next((one for one in every if one.kind == sample), every[0])
        return Judged(
            chosen=chosen,
            others=every,
            remarks=tuple(self._remarks(draft)),
            changed=tuple(wording.compared(opened.words, editing.words_of(draft.source))),
            drifted=editing.drifted(opened.template, draft, shop),
        )

    def _remarks(self, draft: Template) -> Iterator[Remark]:
        shop, prices = shop_of(draft, self._deps), self._deps.config.sms.price
        for flaw in lint.spelling(draft.path, draft.source):
            line = flaw.line - draft.first_line + 1
            yield Remark(_SPELLING.get(flaw.rule, flaw.text), line, flaw.better or "")
        shortest, _, longest = sizes.sizes(draft, shop, prices)
        if not shortest.text:
            yield Remark("وقتی اطلاعات سفارش کم باشد، چیزی نمی‌گوید؛ جمله‌ای بیرون از شرط‌ها بنویسید.")
        if longest.units > MAX_UNITS:
            yield Remark(f"گاهی از {persian.number(MAX_UNITS)} نویسه بلندتر می‌شود و هیچ سامانه‌ای آن را نمی‌پذیرد.")
        elif draft.max_parts is not None and longest.parts > draft.max_parts:
            yield Remark(
                f"با کوتاه‌کردن نام‌ها هم گاهی {persian.digits(longest.parts)} صفحه می‌شود؛ "
                f"قرار این متن حداکثر {persian.digits(draft.max_parts)} صفحه است."
            )
        for kind in draft.pattern_headers:
            silent = {token for token in draft.pattern_headers[kind].tokens.values() if token not in _said_in(draft)}
            if silent:
                yield Remark(f"الگوی {kind} برای «{'، '.join(sorted(silent))}» جا دارد، ولی متن آن را نمی‌گوید.")

    def _to_be_approved(self, name: str, before: OpenText) -> list[str]:
        after = self._deps.templates.get(name)
        return sorted(editing.drifted(before.template, after, shop_of(after, self._deps))) if after else []


def shop_of(template: Template, deps: Dependencies) -> Shop:
    """Whose text it is."""
    return deps.rulebook().shops.of(template.shop)


def pattern_texts(template: Template, deps: Dependencies) -> dict[str, str]:
    """What to paste into each provider's panel."""
    shop = shop_of(template, deps)
    return {kind: patterns.text(template, kind, shop) for kind in template.pattern_headers}


def said(mistake: Mistake) -> str:
    """What is wrong, and what to do."""
    where = f"خط {persian.digits(mistake.line)}: " if mistake.line > 0 else ""
    match mistake.kind:
        case MistakeKind.LONG:
            return f"متن بلندتر از {persian.number(editing.LONGEST)} نویسه است؛ کوتاه‌ترش کنید."
        case MistakeKind.SIGNS:
            return "در متن نویسه‌ای هست که دیده نمی‌شود و هیچ گوشی‌ای نشانش نمی‌دهد؛ آن را دوباره تایپ کنید."
        case MistakeKind.EMPTY:
            return "متن خالی است."
        case MistakeKind.SYNTAX:
            return where + "یک مقدار یا شرط کامل نیست. مقدار {{ name }} است و شرط {% if name %}…{% endif %}."
        case MistakeKind.PROGRAM:
            return where + "در متن فقط مقدار و شرط به کار می‌رود، نه حلقه، تابع یا محاسبه."
        case MistakeKind.UNKNOWN:
            meant = f" شاید {mistake.near} باشد." if mistake.near else " نام‌ها را در فهرست مقدارها ببینید."
            return f"{where}مقداری به نام {'، '.join(mistake.names)} نداریم.{meant}"
    return "این متن با بقیهٔ تنظیمات نمی‌خواند."


def _said_in(draft: Template) -> frozenset[str]:
    """The variables that the words themselves show or ask for."""
    return frozenset(name for name in draft.variables if name in draft.body)


def _examples(template: Template, deps: Dependencies) -> list[tuple[str, str, bool]]:
    """What a text may say: name, example, and whether this text does."""
    context = samples.context(Length.TYPICAL, shop_of(template, deps))
    return [(name, " / ".join(value(context).splitlines()), name in template.variables)
            for name, value in sorted(VARIABLES.items())]  # fmt: skip
