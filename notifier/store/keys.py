"""The name of every key, in one table: a new kind of key is one row of it.

A row says what a key is called and holds, what ends it and how it moves between partitions; `notifier.store.places` and
docs/reference/store.md are made from it. A key of one customer's data begins with its partition, ``n:{P}:``: what one
unit of work touches lies in one slot of a Redis Cluster.
"""

from collections.abc import Callable, Mapping
from zlib import crc32

from msgspec import Struct
from msgspec.structs import force_setattr

from notifier.store.kinds import By, Form, Kind, Moves, Single, of_one, of_two

WHOLE, MEMBERS = Form.WHOLE, Form.MEMBERS

_CODES = 1024  # hashes of codes; it belongs to the data, and another number needs a migration


def _hash_of(code: str) -> str:
    """Codes are divided among hashes: Redis keeps a small hash in half the bytes of a large one."""
    return f"{crc32(code.encode()) % _CODES:x}"


class Keys(Struct, frozen=True, order=True):
    """The keys of one partition. ``head`` is what they all begin with: a unit of work names dozens of them."""

    partition: int
    head: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "head", f"n:{{{self.partition}}}:")

    order = of_two(
        "order:<source>:<order>",
        "an order",
        "compressed after *pack*; replaced after *orders* or *open_orders* by what is *remembered*, for so long",
        Moves(WHOLE, By.ORDER),
    )
    timeline = of_two(
        "timeline:<source>:<order>",
        "its story",
        "packed after *pack*, removed with the order",
        Moves(WHOLE, By.ORDER),
    )
    trails = of_two(
        "trails:<source>:<order>",
        "hash: code of a parcel of an order → its way as the carrier told it",
        "removed with the order",
        Moves(WHOLE, By.ORDER),
    )
    under_way = Single(
        "under_way",
        "orders whose parcels are under way, by the unix ms at which they are looked at next",
        "when the order is delivered, cancelled or 30 days under way; else with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    closed = of_two(
        "closed:<source>:<order>",
        "timeline, messages and calls of an order that has been closed for a while, compressed",
        "removed with the order",
        Moves(WHOLE, By.ORDER),
    )
    orders = Single(
        "orders",
        "all orders, by the unix ms they last changed at",
        "with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    priority_orders = Single(
        "orders:high",
        "orders with priority, by the unix ms they last changed at",
        "when the order is packed",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    deposits = Single(
        "orders:deposits",
        "orders whose deposit was reported, by the unix ms it was reported at",
        "when it is looked up; else with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    deliveries = of_one(
        "deliveries:<day>",
        "orders to be delivered at an agreed time of one day, by the minute of the day at which that begins",
        "when another time is agreed, or none; else with the order, or 100 days after the day",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    on_the_way = Single(
        "orders:on_the_way",
        "orders that a courier has, or that left without a parcel's code, by the unix ms they left at",
        "when they are delivered, cancelled or packed; else with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    reported = of_one(
        "reported:<reference>",
        "set: the orders of which a deposit was reported with this reference",
        "with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    transfers = of_one(
        "transfers:<rial>",
        "set: the orders of which a transfer of exactly this sum is awaited",
        "when it came, or the order is cancelled; else with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    findings = Single(
        "deposits:findings",
        "hash: order → what somebody last saw at the bank of a deposit of it, and whether it waits for a second person",
        "with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    customer_orders = of_one(
        "customer:<phone>:orders",
        "a customer's orders, by the unix ms each was first heard of at",
        "with the last order",
        Moves(MEMBERS, By.CUSTOMER),
    )
    codes = of_one(
        "codes:<code>",
        "hash: tracking code, receipt number or number of its own → the order it was last given for",
        "with the order",
        Moves(MEMBERS, By.ORDER, "value"),
        spelt=_hash_of,
    )
    pages = of_one(
        "pages:<digest>",
        "hash: digest of the token in the address of a customer's page → the order it shows",
        "with the order, or when the page gets another address",
        Moves(MEMBERS, By.ORDER, "value"),
        spelt=_hash_of,
    )
    numbered = of_two(
        "numbered:<source>:<number>",
        "set: the orders of a shop that customers know by one number, which is not their id",
        "with the order",
        Moves(MEMBERS, By.ORDER, "member"),
    )
    found_by = Single(
        "found_by",
        "what orders are found by, each with its order behind `|`: `n` and a name from each of its words on, `c` and a "
        "code that is not in small letters and digits alone; of a packed order its first and family name and codes",
        "with the order",
        Moves(MEMBERS, By.ORDER, "second part of the member"),
    )
    phone_ends = of_one(
        "phone_ends:<digits>",
        "set: the phones of customers that end in three digits, those of Iran as numbers, which Redis keeps in 8 bytes",
        "with the customer's last order",
        Moves(MEMBERS, By.CUSTOMER, "phone as a number"),
    )
    seen = of_two(
        "seen:<source>:<event>",
        "what was answered to an event",
        "lapses after *event_ids*",
        Moves(WHOLE, By.SEEN, "value"),
    )
    parked = of_two(
        "parked:<source>:<order>",
        "events that wait for an order",
        "when it comes; else archived after *orders*",
        Moves(Form.LIST, By.PARKING),
    )
    parked_orders = Single(
        "parked",
        "orders that events wait for, by the unix ms the first came at",
        "when they come; else with the events",
        Moves(MEMBERS, By.PARKING, "member"),
    )
    message = of_one(
        "message:<message>",
        "hash: a message and what became of it",
        "packed or removed with its order; without one, after *orders*",
        Moves(WHOLE, By.MESSAGE),
    )
    messages = of_one(
        "messages:<state>",
        "messages in one state, by the unix ms they were created at",
        "with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    seen_to = of_one(
        "seen_to:<state>",
        "messages of one state that need nobody any more, since a person has seen to them, by unix ms",
        "with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    outbox = Single(
        "outbox",
        "messages to be sent, by the unix ms from which they may be",
        "when they are sent, expire or are cancelled; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    routed = of_one(
        "outbox_of:<route>",
        "messages to be sent of a source that has lines of its own, or by what is left of a ladder, by the unix ms "
        "from which they may be",
        "when they are sent, expire or are cancelled; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    bound = of_one(
        "outbox:<provider>",
        "messages to be sent that one provider may have sent already: no other may have them",
        "when they are sent, expire or are cancelled; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    sending = of_one(
        "sending:<provider>",
        "messages a worker has taken for a provider, by the unix ms at which its claim lapses",
        "when they are settled; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    claim = of_one(
        "claim:<token>",
        "there while a worker lives that has claimed messages: the heartbeat of one claim",
        "lapses 2.5 seconds after it was last renewed",
        Moves(Form.RUBBISH, By.NOTHING),
    )
    reports = of_one(
        "reports:<provider>",
        "messages a provider took and has not reported the end of, by the unix ms at which it is asked next",
        "when they arrive or after 48 hours; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    reconciling = Single(
        "reconciling",
        "messages that may have been sent, by the unix ms at which that is looked into next",
        "after 15 minutes, or a day where nobody can be asked; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    rung_waits = Single(
        "rung_waits",
        "essential messages whose line may not have reached, by the unix ms at which the next rung has them",
        "when they arrive, go down or are over; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    provider_ids = of_two(
        "provider_ids:<provider>:<day>",
        "hash: a provider's id → our message, of those that it took on one day since 1970 (UTC)",
        "lapses three days after the last",
        Moves(MEMBERS, By.MESSAGE, "value"),
    )
    texts = of_one(
        "customer:<phone>:texts",
        "a customer's texts that have not left yet, by the unix ms they were created at: they leave in this order",
        "when they leave or expire, or are cancelled and in the way of another; else with the message",
        Moves(MEMBERS, By.MESSAGE, "member"),
    )
    told = of_one(
        "customer:<phone>:told",
        "hash: order → the newest of its texts that overtake older ones",
        "lapses after 8 days",
        Moves(MEMBERS, By.MESSAGE, "value"),
    )
    last_text = of_one(
        "customer:<phone>:last",
        "the unix ms at which a customer was last sent something, where texts are to be apart",
        "lapses after a day",
        Moves(WHOLE, By.CUSTOMER),
    )
    counted = of_one(
        "texts_of:<day>",
        "hash: customer → the texts they were sent on one day since 1970 (UTC), each with the unix ms it left at",
        "lapses two days after the last",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    absent = of_one(
        "customer:<phone>:absent",
        "set: the lines that have nobody with this number, as they said",
        "lapses 7 days after the last of them said so",
        Moves(WHOLE, By.CUSTOMER),
    )
    inbound = of_one(
        "customer:<phone>:inbound",
        "what a customer texted, oldest first, at most 100",
        "with their last order; lapses a year after the last text",
        Moves(WHOLE, By.CUSTOMER),
    )
    inbox = Single(
        "inbox",
        "customers whose texts wait for a person, by the unix ms since when",
        "when a person has seen to it; else with the customer's last order, or a year later",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    inbox_holders = Single(
        "inbox:holders",
        "hash: customer whose texts wait → who of the staff sees to them",
        "with the customer's place in `inbox`",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    by_hand = of_one(
        "customer:<phone>:by_hand",
        "list: unix ms and id of each text that people wrote to a customer, oldest first, at most 50",
        "with their last order; lapses a year after the last",
        Moves(WHOLE, By.CUSTOMER),
    )
    call = of_one(
        "call:<call>",
        "a call",
        "packed or removed with its order; without one, *orders* after its end; ended when nobody made it in *orders*",
        Moves(WHOLE, By.CALL),
    )
    calls = of_one(
        "calls:<state>",
        "calls in one state, by the unix ms at which something is to happen to them; those over, by their end",
        "with the call",
        Moves(MEMBERS, By.CALL, "member"),
    )
    assigned = of_one(
        "assigned:<staff>",
        "the open calls of one of the staff, by the unix ms they are due at",
        "when the call is over",
        Moves(MEMBERS, By.CALL, "member"),
    )
    ready = of_one(
        "ready:<staff>",
        "the calls of one of the staff that are to be made now, the most urgent first: by the unix ms they are due at, "
        "less `aging` for each step of priority",
        "when the call is over, put off or somebody else's",
        Moves(MEMBERS, By.CALL, "member"),
    )
    pool = Single(
        "pool",
        "the due calls that nobody has, by the same measure as `ready`",
        "when somebody has the call, or it is over",
        Moves(MEMBERS, By.CALL, "member"),
    )
    promised = Single(
        "promised",
        "the open calls whose time a customer or one of the staff named, by that time in unix ms",
        "when the call is over, or its time is the plan's again",
        Moves(MEMBERS, By.CALL, "member"),
    )
    open_calls = Single(
        "open_calls",
        "hash: customer → their one open call",
        "when the call is over",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    callers = Single(
        "callers",
        "hash: customer → who of the staff spoke to them last",
        "with the customer's last order",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    do_not_call = Single(
        "do_not_call",
        "hash: customer who wants no calls → unix ms since when",
        "never: a refusal holds until it is taken back or the customer is erased; one number each",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    opted_out = Single(
        "opted_out",
        "set: customers who want no texts but the essential ones",
        "never: a refusal holds until it is taken back or the customer is erased; one number each",
        Moves(MEMBERS, By.CUSTOMER, "member"),
    )
    owed = Single(
        "owed",
        "hash: staff id and call → the reminder they are owed about it",
        "when it is sent or pointless",
        Moves(MEMBERS, By.CALL, "second part of the member"),
    )
    reminded = Single(
        "reminded",
        "hash: staff id → unix ms of their last reminder, and of the digests of their shifts",
        "one entry for each of the staff",
        Moves(MEMBERS, By.NOTHING),
    )
    pushes = Single(
        "pushes",
        "what browsers of the staff are to be pushed, by the unix ms of the next try",
        "when it is pushed or an hour old; lapses two hours after the last",
        Moves(MEMBERS, By.NOTHING),
    )
    notices = Single(
        "notices",
        "hash: what one of the staff is to be told by the first of their channels that works, by its id",
        "when they are told, or an hour old",
        Moves(MEMBERS, By.NOTHING),
    )
    notices_due = Single(
        "notices:due",
        "the ids of `notices`, by the unix ms at which each is looked at next",
        "with the notice",
        Moves(MEMBERS, By.NOTHING),
    )
    feedback = Single(
        "feedback",
        "hash: what a call found out about an order and the order was not told yet, by event id",
        "when the order was told",
        Moves(MEMBERS, By.NOTHING),
    )
    news = of_one(
        "news:<endpoint>",
        "hash: what an endpoint of the shop's is to be told, by id",
        "when it is told; else after the endpoint's `keep`, and beyond its `at_most`",
        Moves(MEMBERS, By.NOTHING),
    )
    news_due = of_one(
        "news:<endpoint>:due",
        "what an endpoint is to be told, by the unix ms of the next try",
        "with `news`",
        Moves(MEMBERS, By.NOTHING),
    )
    news_since = of_one(
        "news:<endpoint>:since",
        "what an endpoint is to be told, by the unix ms it happened at",
        "with `news`",
        Moves(MEMBERS, By.NOTHING),
    )
    day = of_one(
        "day:<day>",
        "hash: what one day of Tehran's came to, counted as it happened",
        "lapses after 800 days",
        Moves(Form.COUNTERS, By.NOTHING),
    )
    audit = Single(
        "audit",
        "who did what with what lies here, by unix ms: texts stopped or sent by hand",
        "each line after *audit*",
        Moves(MEMBERS, By.NOTHING),
    )
    barrier = Single(
        "barrier",
        "written to learn that replicas have all that was written before",
        "one of it",
        Moves(Form.RUBBISH, By.NOTHING),
    )
    moved = of_two(
        "moved:<partition>:<key>",
        "that counters were moved here, so that a move which is begun again does not add them twice",
        "with the next move",
        Moves(Form.RUBBISH, By.NOTHING),
    )


_ELSEWHERE: dict[str, Kind] = {}


def _only(name: str, what: str, ends: str) -> str:
    _ELSEWHERE[name] = Kind(name, what, ends)
    return name


def _of_one(name: str, what: str, ends: str) -> Callable[[str], str]:
    _ELSEWHERE[name] = kind = Kind(name, what, ends)
    return lambda about: kind.places % about


def _of_two(name: str, what: str, ends: str) -> Callable[[str, str], str]:
    _ELSEWHERE[name] = kind = Kind(name, what, ends)
    return lambda source, about: kind.places % (source, about)


SCHEMA = _only("n:schema", "the version of the form that all records here are in", "one of it")
RETENTION = _only("n:retention", "hash: who of all processes is removing what is old", "lapses after ten minutes")
INSTANCE = _only("n:instance", "a random name of this store, made when it is first opened", "one of it")
PAGE_SECRET = _only("n:page-secret", "the secret by which forms of customers' pages are known to be ours", "one of it")
COUNTED_SINCE = _only("n:counted-since", "unix ms since which the figures of the owner's page are counted", "one of it")
BACKED_UP = _only("n:backed-up", "unix ms of the last backup of the store that was finished", "one of it")
LAYOUT = _only(
    "n:partitions",
    "hash: how many partitions the data lies in, and into how many it is being moved",
    "one of it",
)
PROCESSES = _only(
    "n:processes",
    "the processes that use this store, by the unix ms until which each counts as alive",
    "each a while after its last sign",
)
STAFF = _only("n:staff", "hash: staff id → record", "one entry for each of the staff")
AUDIT = _only(
    "n:audit:{n:staff}",
    "who did what, by unix ms: accounts, sign-ins, refusals, exports, erasures, settings; in the slot of `STAFF`",
    "each line after *audit*",
)
BANK_OPEN = _only(
    "n:bank:open:{n:staff}",
    "lines of bank accounts by which money came that belongs to no order yet, by unix ms; in the slot of `STAFF`",
    "when somebody says whose it is, or that it is nobody's; else with the line",
)
BANK_TELLING = _only(
    "n:bank:telling:{n:staff}",
    "lines that were given to an order, or taken back, and the order was not told yet, by unix ms; in the slot of "
    "`STAFF`",
    "when the order was told",
)
BANK_MATCHED = _only(
    "n:bank:matched:{n:staff}",
    "lines that were given to an order, by the unix ms it was done at; in the slot of `STAFF`",
    "with the line",
)
BANK_BALANCES = _only(
    "n:bank:balances:{n:staff}",
    "hash: source and account → the last balance that the bank said, and when (unix ms); in the slot of `STAFF`",
    "one entry an account",
)
BANK_SUMS = _only(
    "n:bank:sums:{n:staff}",
    "hash: sum in rial → the order that is to be paid by exactly it; in the slot of `STAFF`",
    "two days after the order is paid, cancelled or given up",
)
BANK_SUMS_END = _only(
    "n:bank:sums:end:{n:staff}",
    "the sums of `BANK_SUMS`, by the unix ms at which another order may have it; in the slot of `STAFF`",
    "with the sum",
)
PUSH = _only(
    "n:push:{n:staff}",
    "hash: a browser of the staff that is pushed to, by the hash of its address; in the slot of `STAFF`",
    "when it is taken out or its push service has it no more; at most five for each of the staff",
)
BOTS = _only(
    "n:bots:{n:staff}",
    "hash: a bot and a chat with it → whose of the staff it is; in the slot of `STAFF`",
    "when it is unbound, or another chat takes its place: one for each bot and member of staff",
)
BOT_CODES = _only(
    "n:bot-codes:{n:staff}",
    "hash: a bot and a member of staff → the digest of the code that binds a chat, and until when; in the slot of "
    "`STAFF`",
    "when it binds; one for each bot and member of staff",
)
TEMPLATES_IN_USE = _only("n:templates", "hash: template → its version", "one entry a template")
TEMPLATE_VERSIONS = _only(
    "n:templates:versions",
    "hash: template and version → what it said",
    "never: one entry for each change that a person makes",
)
ROUTES = _only(
    "n:routes",
    "set: the routes that have, or had, an outbox of their own: sources, and what is left of ladders",
    "one entry each",
)
HEARD = _only("n:heard", "hash: source → unix ms of its last event", "one entry a source")
SILENT = _only(
    "n:silent",
    "hash: source of whose silence supervisors were told → unix ms of its last event",
    "one entry a source",
)
SETTINGS = _only(
    "n:settings",
    "the fingerprint of the configuration file that the console wrote last: processes that see another one read theirs",
    "one of it",
)
ENDPOINTS = _only("n:endpoints", "set: the endpoints that news was ever kept for", "one entry an endpoint")
LEFTOVERS = _only(
    "n:import-leftovers",
    "set: where the files lie in which imports wrote down the lines they refused",
    "when a customer is erased and the file is gone",
)
ALERTS = _only("n:alerts", "list: what supervisors have to know, and what of it is over, newest first", "the oldest go")
ALERTS_OPEN = _only(
    "n:alerts-open:{n:alerts}",
    "hash: kind of trouble → what supervisors were told of it; in the slot of `ALERTS`",
    "when it is over, or an hour old where it has no end of its own",
)
ALERTS_SEEN = _only(
    "n:alerts-seen:{n:alerts}",
    "hash: alert → who took note of it, and when; in the slot of `ALERTS`",
    "with its line of `ALERTS`",
)


session = _of_one(
    "n:session:{n:staff}:<digest>",
    "hash: one browser's sign-in to the console, by the hash of its token; in the slot of `STAFF`",
    "lapses 12 hours after its last use, 16 after it was opened; worth nothing once the account has another epoch",
)
half_session = _of_one(
    "n:half-session:{n:staff}:<digest>",
    "hash: a sign-in whose second step is to come, by the hash of its token; in the slot of `STAFF`",
    "lapses after 5 minutes",
)
attempts = _of_one(
    "n:attempts:<what>",
    "how often something was tried lately: a sign-in, a code, an old password, a form of a customer's page, a chat "
    "with a bot, a line of the audit trail",
    "lapses after 15 minutes, an hour or a day",
)
text_edits = _of_one(
    "n:text-edits:{n:staff}:<template>",
    "list: who wrote a text anew in the console, newest first; in the slot of `STAFF`",
    "the oldest go: 200 a text",
)
bank_line = _of_one(
    "n:bank:line:{n:staff}:<line>",
    "a line of a bank account: what a text or a statement said of it, and which order it was given to; in the slot of "
    "`STAFF`",
    "lapses 180 days after it came; its text goes with the order it was given to",
)
bank_open_of = _of_one(
    "n:bank:open:{n:staff}:<rial>",
    "set: the lines of `BANK_OPEN` of one sum; in the slot of `STAFF`",
    "lapses with the lines",
)
bank_known = _of_one(
    "n:bank:known:{n:staff}:<fingerprint>",
    "the line that has this sum with this balance, or this reference: by it a line is known that comes twice; in the "
    "slot of `STAFF`",
    "lapses with the line",
)
bank_lines_of = _of_one(
    "n:bank:of:{n:staff}:<order>",
    "set: the lines that were given to an order; in the slot of `STAFF`",
    "lapses with the lines",
)
uploaded_statement = _of_one(
    "n:uploaded-statement:<upload>",
    "a statement of account that somebody handed in and looks at before it is taken",
    "lapses after two hours",
)
uploaded_codes = _of_one(
    "n:uploaded-codes:<upload>",
    "tracking codes that somebody handed in and looks at before they are taken",
    "lapses after two hours",
)
webhooks = _of_one(
    "n:webhooks:<day>",
    "hash: source and status → how many webhooks of one day",
    "lapses after 100 days",
)
kept_signed = _of_one(
    "n:{kept}:signed:<source>",
    "deliveries of a source that were refused, by the unix ms they came at",
    "after *refused_deliveries*; at most 1,300 a source",
)
kept_unsigned = _of_one(
    "n:{kept}:unsigned:<source>",
    "those of them whose signature did not match, so that they can crowd out no others",
    "after *refused_deliveries*; at most 1,300 a source",
)
kept_delivery = _of_one(
    "n:{kept}:delivery:<delivery>",
    "a delivery that was refused",
    "lapses after *refused_deliveries*",
)
catch_up = _of_one(
    "n:catch_up:<source>",
    "hash: how far a shop's orders were read over its REST API, and when that goes on (unix ms)",
    "one a source",
)
DIALLING = _only(
    "n:dialling",
    "attempts through the exchange of which more may be heard, by the unix ms at which they are given up",
    "when they are over",
)
DIAL_EXTENSIONS = _only(
    "n:dialling:extensions",
    "hash: extension → the latest attempt from it",
    "one entry an extension",
)
DIAL_NEWS = _only(
    "n:dialling:news",
    "hash: staff id → how often something was heard of their attempts, by which open pages see that they are old",
    "one entry for each of the staff",
)
RINGING = _only(
    "n:ringing",
    "who calls the shop just now, by unix ms",
    "lapses after two minutes; at most 50",
)
dial_reference = _of_one(
    "n:dialling:reference:<reference>",
    "our attempt by the exchange's own name of it",
    "lapses after two days",
)
ROUNDS = _only(
    "n:carriers",
    "hash: when carriers are asked again (unix ms), so that one process does",
    "one of it",
)
carrier = _of_one(
    "n:carrier:<carrier>",
    "hash: how far a carrier's reports were read, how often it failed, and when it is asked again (unix ms)",
    "one a carrier",
)
rhythm = _of_two(
    "n:rhythm:<source>:<day>",
    "the spans of one day in which a shop said something",
    "lapses after some weeks",
)
line = _of_one("n:line:<provider>", "hash: how a provider's account is doing, for all processes", "one a provider")
bot = _of_one(
    "n:bot:<channel>",
    "hash: how far what a bot was told is read, and until when (unix ms) nobody else asks it",
    "one a bot",
)
endpoint = _of_one(
    "n:endpoint:<endpoint>",
    "hash: how an endpoint that we post to is doing, for all processes",
    "one an endpoint",
)
spent = _of_one(
    "n:spent:<day>",
    "hash: what a day's texts have cost, where `[sms.limits] rial_day` is set; whether it was told that it runs out",
    "lapses after three days",
)
permits = _of_one("n:permits:<provider>", "the token bucket of a provider's account", "one a provider")
slot_places = _of_one(
    "n:slot-places:{n:slots}:<slot>",
    "hash: order → `in` or `over`: who has a place in a slot, of all partitions; in one slot with the next two",
    "with the order's time; lapses a month after the slot",
)
order_places = _of_two(
    "n:order-places:{n:slots}:<source>:<order>",
    "hash: slot that an order has a place in → unix ms since when it waits there for news that is on its way, 0 for "
    "good; `v`: the version of the order that this was last made true for",
    "lapses a month after the slot",
)
UNSETTLED_PLACES = _only(
    "n:unsettled-places:{n:slots}",
    "orders whose places are to be looked at, by the unix ms since when: a process that died may have left them wrong",
    "when they were looked at",
)
route = _of_two(
    "n:route:<source>:<order>",
    "where there are several partitions: the one an order lies in",
    "lapses after *remembered* and *open_orders* once the order is archived",
)


def kept(source: str, *, signed: bool) -> str:
    """The refused deliveries of a source, signed ones or the others."""
    return kept_signed(source) if signed else kept_unsigned(source)


def partition_of(text: str, partitions: int) -> int:
    """The partition of a phone, or of an order that has none."""
    return crc32(text.encode()) % partitions


OF_A_PARTITION: Mapping[str, Kind] = {
    name: value.kind for name, value in vars(Keys).items() if isinstance(getattr(value, "kind", None), Kind)
}
ELSEWHERE: Mapping[str, Kind] = _ELSEWHERE
