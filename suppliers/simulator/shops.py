"""Which simulated suppliers there are, by the protocol that they speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from suppliers.simulator.account import Account
from suppliers.simulator.books import Number
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.fivesim import FiveSim
from suppliers.simulator.handler import Handler
from suppliers.simulator.herosms import HeroSms
from suppliers.simulator.manners import MANNERS
from suppliers.simulator.settings import Settings
from suppliers.simulator.smspool import SmsPool
from suppliers.simulator.speaking import Speaker

SPEAKERS: Mapping[str, Sequence[Callable[[Account], Speaker]]] = {
    **{name: (partial(Handler, manner=manner),) for name, manner in MANNERS.items()},
    "herosms": (HeroSms, partial(Handler, manner=MANNERS["herosms-legacy"])),
    "fivesim": (FiveSim,),
    "smspool": (SmsPool,),
}

#: they sell the numbers of each operator, provider or pool at a price of its own
_BY_OPERATOR = frozenset(("grizzlysms", "smsbower", "smshub", "herosms", "fivesim", "smspool"))


class Shop:
    """One account at one simulated supplier; the first of its protocols is the one to buy by."""

    def __init__(self, protocol: str, account: Account) -> None:
        self.account = account
        self.speakers = [speaker(account) for speaker in SPEAKERS[protocol]]

    @property
    def address(self) -> str:
        return self.speakers[0].address

    def truth(self, number: Number) -> dict[str, object]:
        """Return everything about a number, by the name that the protocol gives it."""
        return {**number.truth(), "id": self.speakers[0].reference(number)}

    def speaker_for(self, path: str) -> Speaker | None:
        return next((speaker for speaker in self.speakers if speaker.speaks(path)), None)


def open_shop(
    protocol: str,
    *,
    api_key: str,
    seed: int,
    first_id: int,
    catalogue: Catalogue | None = None,
    settings: Callable[[], Settings] = Settings,
) -> Shop:
    """Return an account with an empty history."""
    account = Account(
        api_key=api_key,
        catalogue=catalogue or Catalogue(seed),
        seed=seed,
        first_id=first_id,
        settings=settings,
        by_operator=protocol in _BY_OPERATOR,
    )
    return Shop(protocol, account)
