"""Members of enumerations found as quickly as any attribute, which Python 3.11 takes five times as long for.

`EnumType.__getattr__` is what is left of a time when members were no attributes of their class. Every member is one
since 3.11, and 3.12 dropped the method; while it is there, looking at `EventType.PAID` runs through a slow path of the
interpreter, some hundred times an event.
"""

from enum import EnumType

if "__getattr__" in vars(EnumType):
    delattr(EnumType, "__getattr__")
