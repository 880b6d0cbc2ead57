"""What each page of the console says, and what one does there: the words of the tour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStop:
    """A page of the console; ``address`` is also how it is found from the page itself."""

    anchor: str
    address: str
    icon: str
    name: str
    says: str
    do: str
    over: bool = False  # for supervisors


STOPS: tuple[TourStop, ...] = (
    TourStop(
        anchor="calls",
        address="/console/",
        icon="phone",
        name="تماس‌های من",
        says="تماس‌هایی که امروز با شماست، از فوری‌ترین: اول دیرشده‌ها، بعد آنچه اکنون وقتش است، بعد آنچه در پیش است. "
        "تماس‌های بدون مسئول را هر کسی می‌تواند بردارد.",
        do="بالاترین تماس را باز کنید، زنگ بزنید و نتیجه را ثبت کنید. تماس بعدی خودش می‌آید.",
    ),
    TourStop(
        anchor="orders",
        address="/console/orders",
        icon="box",
        name="سفارش‌ها",
        says="همهٔ سفارش‌ها و تاریخچهٔ هر کدام: چه خبری رسید، چه پیامکی رفت، چه تماسی گرفته شد و چرا.",
        do="وقتی مشتری زنگ می‌زند، شماره یا نامش را در کادر جستجو بنویسید و تاریخچهٔ سفارش را برایش بخوانید.",
    ),
    TourStop(
        anchor="deposits",
        address="/console/deposits",
        icon="bank",
        name="واریزها",
        says="مشتری‌هایی که می‌گویند پول را واریز کرده‌اند و هنوز کسی حساب را ندیده است؛ قدیمی‌ترین بالاست.",
        do="حساب بانک را ببینید: مبلغ و شماره را بسنجید و بگویید دیده شد یا نه. مشتری همان دم پیامک می‌گیرد.",
    ),
    TourStop(
        anchor="priority",
        address="/console/priority",
        icon="truck",
        name="تحویل با اولویت",
        says="سفارش‌های تهران که پیش از تحویل پرداخت شده‌اند و باید زودتر برسند.",
        do="از بالا شروع کنید و مطمئن شوید که هیچ‌کدام نمانده است.",
    ),
    TourStop(
        anchor="inbox",
        address="/console/inbox",
        icon="message",
        name="صندوق پیام‌ها",
        says="پیام‌هایی که مشتری‌ها فرستاده‌اند و منتظر پاسخ یک نفر است.",
        do="پیام را بخوانید، پاسخ دهید یا زنگ بزنید و آن را ببندید.",
    ),
    TourStop(
        anchor="messages",
        address="/console/messages",
        icon="message",
        name="پیامک‌های نیازمند رسیدگی",
        says="پیامک‌هایی که نرفته‌اند یا معلوم نیست رسیده باشند، با دلیل هر کدام.",
        do="دلیل را بخوانید و تصمیم بگیرید: دوباره ارسال شود یا تلفنی بگویید.",
    ),
    TourStop(
        anchor="parked",
        address="/console/parked",
        icon="parked",
        name="خبرهای منتظر سفارش",
        says="خبرهایی که فروشگاه دربارهٔ سفارشی داده است که هنوز نمی‌شناسیم. سفارش که برسد خودشان به آن می‌پیوندند.",
        do="اگر چیزی بیش از یک روز مانده است به سرپرست بگویید.",
    ),
    TourStop(
        anchor="deliveries",
        address="/console/deliveries",
        icon="cross",
        name="وب‌هوک‌های پذیرفته‌نشده",
        says="خبرهایی از فروشگاه که پذیرفته نشد، با دلیل؛ اصل هر کدام نگه داشته شده است.",
        do="دلیل را برطرف کنید و از همین‌جا دوباره ارسالش کنید.",
    ),
    TourStop(
        anchor="tracking",
        address="/console/tracking",
        icon="download",
        name="کدهای رهگیری",
        says="جایی که کدهای رهگیری پست را یک‌جا یا یکی‌یکی وارد می‌کنید.",
        do="فایل را بدهید، پیش‌نمایش را ببینید و بعد ثبت کنید.",
    ),
    TourStop(
        anchor="texts",
        address="/console/texts",
        icon="text",
        name="متن پیامک‌ها",
        says="هر پیامکی که به مشتری می‌رود، همان‌طور که او می‌بیند، و این که کی می‌رود.",
        do="پیش از تماس ببینید مشتری چه خوانده است.",
    ),
    TourStop(
        anchor="promises",
        address="/console/promises",
        icon="promises",
        name="قول‌ها",
        says="این که هر گروه از مشتری‌ها در هر مرحله چه پیامک و چه تماسی می‌گیرد.",
        do="ببینید به مشتری چه قولی داده‌ایم.",
    ),
    TourStop(
        anchor="desk",
        address="/console/desk",
        icon="people",
        name="میز سرپرست",
        says="کار همهٔ همکاران در یک نگاه: چه کسی چند تماس دارد، چه دیر شده و چه بدون مسئول مانده است.",
        do="تماس‌های دیرشده را به همکار دیگری بدهید.",
        over=True,
    ),
    TourStop(
        anchor="courier",
        address="/console/courier",
        icon="truck",
        name="فهرست پیک",
        says="سفارش‌هایی که امروز به در خانه‌ها می‌رود: زمان، نشانی، تلفن، کالا و مبلغی که باید دریافت شود.",
        do="فهرست را چاپ کنید یا برای پیک حساب بسازید تا روی گوشی خودش بگوید چه شد.",
        over=True,
    ),
    TourStop(
        anchor="absence",
        address="/console/absence",
        icon="clock",
        name="شیفت و مرخصی",
        says="ساعت کار هر همکار، مرخصی‌ها و این که چه کسی اکنون نیست.",
        do="مرخصی را ثبت کنید تا تماس‌ها به دیگران برسد.",
    ),
    TourStop(
        anchor="owner",
        address="/console/owner",
        icon="chart",
        name="گزارش فروشگاه",
        says="امروز و این هفته در برابر هفتهٔ پیش: سفارش، پرداخت، پیامک و هزینه‌اش، واریزها، تماس‌های به‌موقع و رضایت.",
        do="روزی یک بار نگاه کنید؛ چاپ و فایل CSV هم دارد.",
        over=True,
    ),
    TourStop(
        anchor="figures",
        address="/console/figures",
        icon="chart",
        name="آمار",
        says="شمار پیامک‌ها و تماس‌ها در هر بازه‌ای از روزها، و سرعت رسیدن پیامک‌ها.",
        do="بازه را انتخاب کنید.",
        over=True,
    ),
    TourStop(
        anchor="staff",
        address="/console/staff",
        icon="staff",
        name="همکاران",
        says="چه کسانی حساب دارند و نقش هر کدام چیست.",
        do="همکار تازه را این‌جا بیفزایید و نشانی همین صفحهٔ آشنایی را به او بدهید.",
        over=True,
    ),
    TourStop(
        anchor="audit",
        address="/console/audit",
        icon="check",
        name="چه کسی چه کرد",
        says="هر کاری که در این میز انجام شده است، با نام و زمان.",
        do="وقتی چیزی را نمی‌فهمید، از این‌جا دنبالش کنید.",
        over=True,
    ),
    TourStop(
        anchor="me",
        address="/console/me",
        icon="staff",
        name="حساب شما",
        says="گذرواژه، ورود دومرحله‌ای و تقویم تماس‌های خودتان.",
        do="روز اول گذرواژه را عوض کنید.",
    ),
)


def anchor_of(path: str) -> str:
    """Where the tour speaks of the page at ``path``; "" where it does not."""
    if path == "/console/" or path.startswith(("/console/calls", "/console/callbacks")):
        return "calls"
    found = [stop for stop in STOPS[1:] if path == stop.address or path.startswith(f"{stop.address}/")]
    return max(found, key=lambda stop: len(stop.address)).anchor if found else ""
