"""``[sources.NAME]``: one shop each, of a kind."""

from typing import Annotated

from pydantic import Field

from notifier.config.mapping import MappingSource
from notifier.config.sections import StandardSource, WooCommerceSource

Source = Annotated[StandardSource | WooCommerceSource | MappingSource, Field(discriminator="kind")]
