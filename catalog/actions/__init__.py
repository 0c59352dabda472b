"""What can be done with the catalogue.

`syncing` reads a supplier's price list, by way of `spooling`, and `storing` brings offers in line
with it; `mapping` and `proposing` say what its codes mean, `reviewing` what people decided about
that. `repricing` bakes prices into offers, by `rates` too; `availability` sums offers up for
reading. `ruling` changes many pricing rules at once, `counting` says what each does for
offers. `balances` is about our money at suppliers.
"""

from catalog.actions.availability import mark_availability_stale, refresh_stale_availability
from catalog.actions.balances import refresh_balance
from catalog.actions.counting import count_offers_by_rule, offers_for_nothing
from catalog.actions.rates import exchange_rates
from catalog.actions.repricing import Repricing, note_moved_cost, reprice_offers, reprice_some
from catalog.actions.reviewing import (
    accept_proposals,
    believe_changes,
    refuse_codes,
    stop_selling_as_before,
)
from catalog.actions.ruling import (
    AlreadyCarriedOut,
    RulesChanged,
    SheetNotUsable,
    carry_out_sheet,
    change_rules,
    keep_sheet,
    read_kept,
)
from catalog.actions.syncing import SyncFailed, SyncUnderWay, forget_old_runs, sync_catalogue

__all__ = [
    "AlreadyCarriedOut",
    "Repricing",
    "RulesChanged",
    "SheetNotUsable",
    "SyncFailed",
    "SyncUnderWay",
    "accept_proposals",
    "believe_changes",
    "carry_out_sheet",
    "change_rules",
    "count_offers_by_rule",
    "exchange_rates",
    "forget_old_runs",
    "keep_sheet",
    "mark_availability_stale",
    "note_moved_cost",
    "offers_for_nothing",
    "read_kept",
    "refresh_balance",
    "refresh_stale_availability",
    "refuse_codes",
    "reprice_offers",
    "reprice_some",
    "stop_selling_as_before",
    "sync_catalogue",
]
