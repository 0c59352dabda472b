"""The suppliers of the demo beside the first: each speaks another protocol and has its own faults.

All are served by one process, each below its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.settings import Settings
from suppliers.simulator.shops import Shop, open_shop


@dataclass(frozen=True, slots=True)
class DemoSupplier:
    """One of them. `percent` is its price level, in its own currency."""

    code: str
    name: str
    protocol: str
    address: str = ""
    currency: str = "USD"
    percent: int = 100
    code_rate: float = 1
    code_after_s: float = 5
    cancel_lock_s: float = 120
    faults: Mapping[str, float] = field(default_factory=dict)

    def url(self, root: str) -> str:
        """Return where the supplier answers, in a simulator at this root."""
        return f"{root}/{self.code}{self.address}"

    def open(self, *, api_key: str, seed: int, first_id: int) -> Shop:
        """Return it as a shop of the simulator, with a range to itself."""
        return open_shop(
            self.protocol,
            api_key=api_key,
            seed=seed,
            first_id=first_id,
            catalogue=Catalogue(seed, percent=self.percent, services=80, countries=25),
            settings=self._settings,
        )

    def _settings(self) -> Settings:
        return Settings(
            code_after_s=self.code_after_s,
            code_rate=self.code_rate,
            cancel_lock_s=self.cancel_lock_s,
            faults=dict(self.faults),
        )


DEMO = (
    DemoSupplier(
        code="bravo",
        name="Simulator of HeroSMS",
        protocol="herosms",
        percent=110,
        code_after_s=3,
        faults={"duplicate_message": 0.1, "code_during_cancel": 0.1},
    ),
    DemoSupplier(
        code="charlie",
        name="Simulator of 5sim",
        protocol="fivesim",
        address="/v1",
        currency="RUB",
        percent=9_500,
        code_rate=0.9,
        code_after_s=8,
        faults={"no_stock": 0.1, "code_during_cancel": 0.1},
    ),
    DemoSupplier(
        code="delta",
        name="Simulator of SMSPool",
        protocol="smspool",
        percent=140,
        code_rate=0.95,
        cancel_lock_s=60,
        faults={"no_code": 0.1, "price_moved": 0.05},
    ),
    DemoSupplier(
        code="echo",
        name="Simulator of GrizzlySMS",
        protocol="grizzlysms",
        address="/stubs/handler_api.php",
        percent=60,
        code_rate=0.7,
        code_after_s=12,
        faults={"lose_answer": 0.02, "html": 0.02, "missing_from_list": 0.05},
    ),
)
