"""Order notifications and follow-up calls for Iranian online shops."""

from notifier import enums as enums
from notifier import zones as zones  # before anybody asks for a zone
