"""Services, countries, suppliers, their offers, and what prices them.

A *service* is what a code is for (WhatsApp); a *supplier* sells numbers; an *offer* is one
supplier's listing of service × country × operator. `cost` is what we pay, in the supplier's
currency; `price` is what customers pay, in the shop's, baked in when costs or rules change.
"""

from catalog.models.goods import (
    ANY_PROVIDER,
    OWN_IDS_FROM,
    Country,
    CountryQuerySet,
    Service,
    ServicePicture,
    ServiceQuerySet,
    country_id,
    name_column,
    service_id,
)
from catalog.models.mappings import (
    CodeMapping,
    CodeMappingQuerySet,
    CountryMapping,
    Proposer,
    ServiceMapping,
)
from catalog.models.offers import (
    Availability,
    AvailabilityQuerySet,
    HeldChange,
    Offer,
    OfferQuerySet,
    provider_code,
)
from catalog.models.prices import ExchangeRate, PricingRule, PricingRuleQuerySet
from catalog.models.resting import Block, BlockQuerySet, Pause, PauseQuerySet
from catalog.models.rules import RuleCount, RuleSheet
from catalog.models.suppliers import (
    BALANCE_AGE,
    PauseReason,
    Supplier,
    SupplierQuerySet,
    protocol_choices,
)
from catalog.models.syncs import SyncRun, SyncRunQuerySet, SyncState

__all__ = [
    "ANY_PROVIDER",
    "BALANCE_AGE",
    "OWN_IDS_FROM",
    "Availability",
    "AvailabilityQuerySet",
    "Block",
    "BlockQuerySet",
    "CodeMapping",
    "CodeMappingQuerySet",
    "Country",
    "CountryMapping",
    "CountryQuerySet",
    "ExchangeRate",
    "HeldChange",
    "Offer",
    "OfferQuerySet",
    "Pause",
    "PauseQuerySet",
    "PauseReason",
    "PricingRule",
    "PricingRuleQuerySet",
    "Proposer",
    "RuleCount",
    "RuleSheet",
    "Service",
    "ServiceMapping",
    "ServicePicture",
    "ServiceQuerySet",
    "Supplier",
    "SupplierQuerySet",
    "SyncRun",
    "SyncRunQuerySet",
    "SyncState",
    "country_id",
    "name_column",
    "protocol_choices",
    "provider_code",
    "service_id",
]
