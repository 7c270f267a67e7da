"""Names of countries as data sets spell them, and their ISO codes for the map.

The standard is pycountry's; the table below holds only the spellings that it does not know.
"""

from __future__ import annotations

import re
from functools import cache

SAMPLE = re.compile(r"\s*\((?:[^()]*\bsample)\)\s*$", re.IGNORECASE)
ALIASES = {
    "bosnia herzegovina": "BIH", "britain": "GBR", "great britain": "GBR", "northern ireland": "GBR",
    "england": "GBR", "scotland": "GBR", "wales": "GBR", "uk": "GBR", "cote d'ivoire": "CIV", "ivory coast": "CIV",
    "czech rep.": "CZE", "czech republic": "CZE", "hong kong": "HKG", "hong kong sar": "HKG", "korea": "KOR",
    "s. korea": "KOR", "south korea": "KOR", "north korea": "PRK", "macau": "MAC", "macau sar": "MAC",
    "palest. ter.": "PSE", "palestinian territories": "PSE", "palestine": "PSE", "russia": "RUS", "s. africa": "ZAF",
    "swaziland": "SWZ", "taiwan roc": "TWN", "turkey": "TUR", "turkiye": "TUR", "u.s.": "USA", "usa": "USA",
    "democratic republic of the congo": "COD", "cape verde": "CPV", "macedonia": "MKD", "burma": "MMR", "kosovo": None,
}  # fmt: skip


def base_name(name: str) -> str:
    """The country of a sample: 'Brazil (Non-national sample)' -> 'Brazil'."""
    return SAMPLE.sub("", name)


@cache
def iso3(name: str) -> str | None:
    """ISO 3166-1 alpha-3 code of a country's name, None if it is no country ('Prefer not to say')."""
    import pycountry

    plain = base_name(name).strip()
    key = plain.casefold().replace("’", "'").replace("ô", "o").replace("ü", "u")
    if key in ALIASES:
        return ALIASES[key]
    try:
        return pycountry.countries.lookup(plain).alpha_3
    except LookupError:
        return None
