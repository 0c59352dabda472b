"""What can be done with the catalogue.

`syncing` reads a supplier's price list, by way of `spooling`, and `storing` brings offers in line
with it; `mapping` and `proposing` say what its codes mean, `reviewing` what people decided about
that. `repricing` bakes prices into offers, by `rates` too; `availability` sums offers up for
reading. `ruling` changes many pricing rules at once, `counting` says what each does for
offers. `balances` is about our money at suppliers.
"""

from catalog.actions.availability import mark_availability_stale, refresh_stale_availability
from catalog.actions.balances import TestCall, call_for_test, refresh_balance
from catalog.actions.counting import count_offers_by_rule, offers_for_nothing
from catalog.actions.rates import exchange_rates
from catalog.actions.repricing import Repricing, note_moved_cost, reprice_offers, reprice_some
from catalog.actions.reviewing import (
    accept_proposals,
    believe_changes,
    map_code,
    refuse_codes,
    stop_selling_as_before,
    sure_proposals,
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
from catalog.actions.showing import set_picture, set_visibility
from catalog.actions.switching import lift_stop, pause_by_staff, stop_buying, switch_suppliers
from catalog.actions.syncing import (
    SyncFailed,
    SyncUnderWay,
    ask_sync,
    forget_old_runs,
    sync_catalogue,
)

__all__ = [
    "AlreadyCarriedOut",
    "Repricing",
    "RulesChanged",
    "SheetNotUsable",
    "SyncFailed",
    "SyncUnderWay",
    "TestCall",
    "accept_proposals",
    "ask_sync",
    "believe_changes",
    "call_for_test",
    "carry_out_sheet",
    "change_rules",
    "count_offers_by_rule",
    "exchange_rates",
    "forget_old_runs",
    "keep_sheet",
    "lift_stop",
    "map_code",
    "mark_availability_stale",
    "note_moved_cost",
    "offers_for_nothing",
    "pause_by_staff",
    "read_kept",
    "refresh_balance",
    "refresh_stale_availability",
    "refuse_codes",
    "reprice_offers",
    "reprice_some",
    "set_picture",
    "set_visibility",
    "stop_buying",
    "stop_selling_as_before",
    "sure_proposals",
    "switch_suppliers",
    "sync_catalogue",
]
