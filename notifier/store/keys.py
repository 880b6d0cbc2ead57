"""The name of every key, in one place.

A key of one customer's data begins with its partition, ``n:{P}:``: what one unit of work touches lies in one slot of a
Redis Cluster.
"""

from typing import NamedTuple
from zlib import crc32

SCHEMA = "n:schema"  # the version of the form that all records here are in
RETENTION = "n:retention"  # hash: who of all processes is removing what is old
INSTANCE = "n:instance"  # a random name of this store, made when it is first opened
BACKED_UP = "n:backed-up"  # unix ms of the last backup that was finished
LAYOUT = "n:partitions"  # hash: how many partitions the data lies in, and into how many it is being moved
PROCESSES = "n:processes"  # the processes that use this store, by the unix ms until which each counts as alive
STAFF = "n:staff"  # hash: staff id → record
AUDIT = "n:audit:{n:staff}"  # who did what to accounts and settings, by unix ms; in the slot of STAFF
TEMPLATES_IN_USE = "n:templates"  # hash: template → its version
TEMPLATE_VERSIONS = "n:templates:versions"  # hash: template and version → what it said
HEARD = "n:heard"  # hash: source → unix ms of its last event
SILENT = "n:silent"  # hash: source of whose silence supervisors were told → unix ms of its last event
ENDPOINTS = "n:endpoints"  # set: the endpoints that news was ever kept for
LEFTOVERS = "n:import-leftovers"  # set: where the files lie in which imports wrote down the lines they refused
ALERTS = "n:alerts"  # list: what supervisors have to know, newest first


_CODES = 1024  # hashes of codes; it belongs to the data, and another number needs a migration


class Keys(NamedTuple):
    """The keys of one partition."""

    partition: int

    def order(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:order:{source}:{order_id}"

    def timeline(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:timeline:{source}:{order_id}"

    def closed(self, source: str, order_id: str) -> str:
        """The packed timeline, messages and calls of an order that has been closed for a while."""
        return f"n:{{{self.partition}}}:closed:{source}:{order_id}"

    @property
    def audit(self) -> str:
        """Who did what with what lies in this partition, by unix ms."""
        return f"n:{{{self.partition}}}:audit"

    @property
    def barrier(self) -> str:
        """Written to learn that replicas have all that was written before."""
        return f"n:{{{self.partition}}}:barrier"

    def seen(self, source: str, event_id: str) -> str:
        return f"n:{{{self.partition}}}:seen:{source}:{event_id}"

    def parked(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:parked:{source}:{order_id}"

    def message(self, message_id: str) -> str:
        return f"n:{{{self.partition}}}:message:{message_id}"

    def messages(self, state: str) -> str:
        """Messages in one state, by the unix ms they were created at."""
        return f"n:{{{self.partition}}}:messages:{state}"

    def call(self, call_id: str) -> str:
        return f"n:{{{self.partition}}}:call:{call_id}"

    def calls(self, state: str) -> str:
        """Calls in one state, by the unix ms at which something is to happen to them; those over, by their end."""
        return f"n:{{{self.partition}}}:calls:{state}"

    def assigned(self, staff_id: str) -> str:
        """The open calls of one of the staff, by the unix ms they are due at."""
        return f"n:{{{self.partition}}}:assigned:{staff_id}"

    @property
    def open_calls(self) -> str:
        """Hash: customer → their one open call."""
        return f"n:{{{self.partition}}}:open_calls"

    @property
    def callers(self) -> str:
        """Hash: customer → who of the staff spoke to them last."""
        return f"n:{{{self.partition}}}:callers"

    @property
    def do_not_call(self) -> str:
        """Hash: customer who wants no calls → unix ms since when."""
        return f"n:{{{self.partition}}}:do_not_call"

    @property
    def owed(self) -> str:
        """Hash: staff id|call → the reminder they are owed about it."""
        return f"n:{{{self.partition}}}:owed"

    @property
    def reminded(self) -> str:
        """Hash: staff id → unix ms of their last reminder, and of the digests of their shifts."""
        return f"n:{{{self.partition}}}:reminded"

    @property
    def feedback(self) -> str:
        """Hash: what a call found out about an order and the order was not told yet, by event id."""
        return f"n:{{{self.partition}}}:feedback"

    def news(self, endpoint: str) -> str:
        """Hash: what an endpoint of the shop's is to be told, by id."""
        return f"n:{{{self.partition}}}:news:{endpoint}"

    def news_due(self, endpoint: str) -> str:
        """The same by the unix ms of the next try."""
        return f"n:{{{self.partition}}}:news:{endpoint}:due"

    def news_since(self, endpoint: str) -> str:
        """The same by the unix ms it happened at."""
        return f"n:{{{self.partition}}}:news:{endpoint}:since"

    @property
    def orders(self) -> str:
        """All orders, by the unix ms they last changed at."""
        return f"n:{{{self.partition}}}:orders"

    @property
    def priority_orders(self) -> str:
        return f"n:{{{self.partition}}}:orders:high"

    @property
    def deposits(self) -> str:
        """Orders whose deposit was reported and not looked up yet, by the unix ms it was reported at."""
        return f"n:{{{self.partition}}}:orders:deposits"

    def codes(self, code: str) -> str:
        """Hash: tracking code, receipt number or number of its own → the order it was last given for.

        Divided by the code: Redis keeps a small hash in half the bytes of a large one.
        """
        return f"n:{{{self.partition}}}:codes:{crc32(code.encode()) % _CODES:x}"

    def numbered(self, source: str, number: str) -> str:
        """Set: the orders of a shop that customers know by this number, which is not their id. Two may share one."""
        return f"n:{{{self.partition}}}:numbered:{source}:{number}"

    @property
    def parked_orders(self) -> str:
        """Orders that events wait for, by the unix ms the first came at."""
        return f"n:{{{self.partition}}}:parked"

    def day(self, day: str) -> str:
        """Hash: what one day of Tehran's came to, counted as it happened."""
        return f"n:{{{self.partition}}}:day:{day}"

    @property
    def outbox(self) -> str:
        """Messages to be sent, by the unix ms from which they may be."""
        return f"n:{{{self.partition}}}:outbox"

    def bound(self, provider: str) -> str:
        """The same for messages that one provider may have sent already: no other may have them."""
        return f"n:{{{self.partition}}}:outbox:{provider}"

    def sending(self, provider: str) -> str:
        """Messages a worker has taken for a provider, by the unix ms at which its claim lapses."""
        return f"n:{{{self.partition}}}:sending:{provider}"

    def reports(self, provider: str) -> str:
        """Messages a provider took and has not reported the end of, by the unix ms at which it is asked next."""
        return f"n:{{{self.partition}}}:reports:{provider}"

    @property
    def reconciling(self) -> str:
        """Messages that may have been sent, by the unix ms at which that is looked into next."""
        return f"n:{{{self.partition}}}:reconciling"

    @property
    def opted_out(self) -> str:
        """Customers who want no texts but the essential ones."""
        return f"n:{{{self.partition}}}:opted_out"

    def customer_orders(self, phone: str) -> str:
        """A customer's orders, by the unix ms each was first heard of at."""
        return f"n:{{{self.partition}}}:customer:{phone}:orders"

    def inbound(self, phone: str) -> str:
        """What a customer texted to us, oldest first."""
        return f"n:{{{self.partition}}}:customer:{phone}:inbound"

    def texts(self, phone: str) -> str:
        """A customer's texts that have not left yet, by the unix ms they were created at: they leave in this order."""
        return f"n:{{{self.partition}}}:customer:{phone}:texts"

    def last_text(self, phone: str) -> str:
        """The unix ms at which a customer was last sent something."""
        return f"n:{{{self.partition}}}:customer:{phone}:last"

    def counted(self, phone: str) -> str:
        """The texts a customer was sent within a day, by the unix ms they left at."""
        return f"n:{{{self.partition}}}:customer:{phone}:counted"

    def told(self, phone: str) -> str:
        """Hash: order → the newest of its texts that overtake older ones."""
        return f"n:{{{self.partition}}}:customer:{phone}:told"

    def provider_message(self, provider: str, provider_id: str) -> str:
        """Our message, by the provider's id for it."""
        return f"n:{{{self.partition}}}:provider:{provider}:{provider_id}"


def session(digest: str) -> str:
    """Hash: one browser's sign-in to the console, by the hash of its token; in the slot of STAFF."""
    return f"n:session:{{{STAFF}}}:{digest}"


def half_session(digest: str) -> str:
    """Hash: a sign-in whose second step is to come, by the hash of its token; in the slot of STAFF."""
    return f"n:half-session:{{{STAFF}}}:{digest}"


def attempts(what: str) -> str:
    """How often something was tried lately: a sign-in, a code, an old password."""
    return f"n:attempts:{what}"


def webhooks(day: str) -> str:
    """Hash: source and status → how many webhooks of one day."""
    return f"n:webhooks:{day}"


def kept(source: str, *, signed: bool) -> str:
    """Deliveries of a source that were refused, by the unix ms they came at; unsigned ones apart."""
    return f"n:{{kept}}:{'signed' if signed else 'unsigned'}:{source}"


def kept_delivery(kept_id: str) -> str:
    """One of them."""
    return f"n:{{kept}}:delivery:{kept_id}"


def catch_up(source: str) -> str:
    """Hash: how far a shop's orders were read over its REST API, and when that goes on (unix ms)."""
    return f"n:catch_up:{source}"


def rhythm(source: str, day: str) -> str:
    """The spans of one day in which a shop said something."""
    return f"n:rhythm:{source}:{day}"


def line(provider: str) -> str:
    """Hash: how a provider's account is doing, for all processes."""
    return f"n:line:{provider}"


def endpoint(name: str) -> str:
    """Hash: how an endpoint that we post to is doing, for all processes."""
    return f"n:endpoint:{name}"


def alert(kind: str) -> str:
    """There while supervisors have just been told of one kind of trouble."""
    return f"n:alert:{kind}"


def spent(day: str) -> str:
    """Hash: what the texts of one day have cost, where that is limited, and whether it was told that it runs out."""
    return f"n:spent:{day}"


def permits(provider: str) -> str:
    """The token bucket of a provider's account."""
    return f"n:permits:{provider}"


def route(source: str, order_id: str) -> str:
    """Where there are several partitions: the one an order lies in."""
    return f"n:route:{source}:{order_id}"


def partition_of(text: str, partitions: int) -> int:
    """The partition of a phone, or of an order that has none."""
    return crc32(text.encode()) % partitions
