"""The region of an order, by the city of delivery and never by the province: Karaj is not Tehran."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notifier.domain import persian, places


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions by name with the spellings of their cities; every other city lies in ``default``."""

    by_city: Mapping[str, str]
    default: str

    @classmethod
    def of(cls, cities: Mapping[str, Sequence[str]], *, default: str) -> "Regions":
        """From lists of spellings, as an operator writes them."""
        return cls({persian.fold(city): region for region, names in cities.items() for city in names}, default)

    def region(self, city: str | None) -> str:
        """Of a city as it was written; a spelling that the operator names goes before what the line says."""
        if not city:
            return self.default
        named = self.by_city.get(city) or self.by_city.get(persian.fold(city))
        return named if named is not None else self.by_city.get(places.city(city), self.default)
