"""Finding services and countries as people type them, with mistakes and in short forms.

The names are few and hardly ever change, so each process keeps them in memory for a while.
"""

from accounts.models import Mode
from catalog.models import Country, Service
from nexotp.lib.brief import briefly
from nexotp.lib.fuzzy import Index, Name

_SECONDS = 30

# What people say, beyond a service's name, our code and the trade's two letters.
_SERVICE_ALIASES = {
    "whatsapp": ["wasap", "whatsap", "WA business"],
    "telegram": ["tele", "TG"],
    "instagram": ["insta", "IG"],
    "facebook": ["FB"],
    "google": ["gmail", "youtube"],
    "microsoft": ["hotmail", "outlook", "xbox"],
    "twitter": ["twitter"],
    "tiktok": ["tik tok", "TT"],
    "tokopedia": ["tokped"],
    "gojek": ["gopay"],
    "grab": ["grabfood"],
    "openai": ["chat gpt", "GPT"],
    "linkedin": ["linked in"],
    "amazon": ["aws"],
    "meta": ["oculus"],
    "wechat": ["weixin"],
    "vk": ["vkontakte"],
}
_COUNTRY_ALIASES = {
    "ID": ["RI", "indo"],
    "US": ["USA", "america", "amerika"],
    "GB": ["UK", "england", "britain", "inggris"],
    "AE": ["UAE", "UEA", "dubai"],
    "NL": ["holland"],
    "KR": ["korea"],
    "SA": ["KSA", "arab saudi"],
    "TR": ["turkey", "turki"],
    "CZ": ["czech republic"],
}


def search_services(text: str, mode: str) -> list[int]:
    """Return the keys of the services that the text may mean, the likeliest first."""
    return _services(Mode(mode)).find(text)


def search_countries(text: str) -> list[int]:
    """Return the keys of the countries, by name in both languages, ISO code or prefix."""
    return _countries().find(text)


@briefly(seconds=_SECONDS)
def _services(mode: Mode) -> Index[int]:
    rows = Service.objects.visible_in(mode).values_list(
        "pk", "name", "code", "trade_code", "popularity"
    )
    return Index(
        (pk, _service_name(name, code, trade_code, popularity))
        for pk, name, code, trade_code, popularity in rows
    )


def _service_name(name: str, code: str, trade_code: str, popularity: int) -> Name:
    aliases = _SERVICE_ALIASES.get(code, [])
    short = [trade_code, *(alias for alias in aliases if alias.isupper())]
    return Name([name, code, *(a for a in aliases if not a.isupper())], short, popularity)


@briefly(seconds=_SECONDS)
def _countries() -> Index[int]:
    rows = Country.objects.visible().values_list(
        "pk", "name_en", "name_id", "iso", "prefix", "code"
    )
    return Index(
        (pk, _country_name([name_en, name_id], iso, [prefix, code]))
        for pk, name_en, name_id, iso, prefix, code in rows
    )


def _country_name(names: list[str], iso: str, others: list[str]) -> Name:
    aliases = _COUNTRY_ALIASES.get(iso, [])
    short = [iso, *(alias for alias in aliases if alias.isupper())]
    return Name([*names, *others, *(a for a in aliases if not a.isupper())], short)
