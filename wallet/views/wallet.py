"""The wallet in the browser: what there is, and every movement behind it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Mode, User
from accounts.modes import mode_of
from nexotp.lib.amounts import amount_text
from nexotp.lib.money import to_decimal
from nexotp.lib.pagination import keyset_page
from nexotp.lib.tables import Cell, column_names, csv_answer, in_batches
from wallet.actions import fill_up_sandbox, open_wallet, set_low_balance_alert
from wallet.forms import AlertForm, StatementForm
from wallet.models import LedgerAccount, Statement, TopUp, Transfer
from wallet.states import TopUpState
from wallet.views.parts import owner_of, posted_only

_PER_PAGE = 25
# A top-up that came to nothing stays in sight for so long.
_IN_SIGHT = timedelta(days=3)
_MOST_TOP_UPS = 5
_COLUMNS = {
    "en": ("time", "kind", "order", "number", "amount", "balance_after", "currency", "note"),
    "id": ("waktu", "jenis", "pesanan", "nomor", "jumlah", "saldo", "mata_uang", "catatan"),
}


@require_safe
def show_wallet(request: HttpRequest) -> HttpResponse:
    """The balance, and every movement behind it."""
    return _wallet_page(request)


@never_cache
@require_safe
def show_balance(request: HttpRequest) -> HttpResponse:
    """The balance in the head of every page; nothing where the page shows it already."""
    wallet = open_wallet(user=owner_of(request), mode=mode_of(request))
    if request.GET.get("seen") == str(wallet.balance):
        return HttpResponse(status=204)
    return render(request, "wallet/pill.html", {"wallet": wallet})


def _wallet_page(request: HttpRequest, alert_form: AlertForm | None = None) -> HttpResponse:
    owner, mode = owner_of(request), mode_of(request)
    wallet = open_wallet(user=owner, mode=mode)
    form = StatementForm(request.GET)
    form.is_valid()
    page = keyset_page(
        _statement(form, wallet), before=request.GET.get("before", ""), size=_PER_PAGE
    )
    context = {
        "wallet": wallet,
        "lines": [
            (transfer, transfer.signed_amount(wallet.pk), transfer.order_public_id)
            for transfer in page.rows
        ],
        "page": page,
        "form": form,
        "is_sandbox": mode == Mode.SANDBOX,
        "top_ups": _under_way(owner) if mode == Mode.LIVE else [],
        "languages": _COLUMNS,
        **_alert(wallet, alert_form),
    }
    return render(request, "wallet/wallet.html", context, status=400 if alert_form else 200)


def _statement(form: StatementForm, wallet: LedgerAccount) -> Statement:
    return form.among(Transfer.objects.all()).of(wallet)


def _under_way(owner: User) -> list[TopUp]:
    """Top-ups that wait, and those that came to nothing lately; the newest first."""
    recent = TopUp.objects.of(owner).select_related("method").order_by("-pk")[: 4 * _MOST_TOP_UPS]
    seen_until = timezone.now() - _IN_SIGHT
    return [
        top_up
        for top_up in recent
        if top_up.state != TopUpState.CONFIRMED
        and (top_up.ended_at is None or top_up.review or top_up.ended_at > seen_until)
    ][:_MOST_TOP_UPS]


def _alert(wallet: LedgerAccount, form: AlertForm | None) -> dict[str, Any]:
    chosen = {None: AlertForm.USUAL, 0: AlertForm.OFF}.get(wallet.low_balance_at, AlertForm.OWN)
    typed = wallet.low_balance_at if chosen == AlertForm.OWN else ""
    return {
        "alert": form["alert"].value() if form else chosen,
        "alert_form": form,
        "typed_threshold": form["threshold"].value() if form else typed,
        "usual_threshold": LedgerAccount(currency=wallet.currency).low_balance_threshold,
    }


@require_safe
def download_statement(request: HttpRequest) -> HttpResponseBase:
    """The movements that the page shows, all of them, for a spreadsheet."""
    form = StatementForm(request.GET)
    if not form.is_valid():
        return _wallet_page(request)
    wallet = open_wallet(user=owner_of(request), mode=mode_of(request))
    columns = column_names(_COLUMNS, request.GET.get("columns", ""))
    rows = _cells(_statement(form, wallet), wallet, get_language() or "en")
    return csv_answer("nexotp-wallet", columns, rows)


def _cells(statement: Statement, wallet: LedgerAccount, language: str) -> Iterator[list[Cell]]:
    for batch in in_batches(statement):
        # The thread that reads on may have answered somebody else meanwhile.
        with override(language):
            lines = [_line(transfer, wallet) for transfer in batch]
        yield from lines


def _line(transfer: Transfer, wallet: LedgerAccount) -> list[Cell]:
    currency = transfer.currency
    change = to_decimal(transfer.signed_amount(wallet.pk), currency)
    after = to_decimal(transfer.balance_after or 0, currency)
    return [
        timezone.localtime(transfer.created_at).isoformat(timespec="seconds"),
        transfer.kind,
        transfer.order_public_id,
        transfer.order_id,
        change,
        after,
        currency,
        transfer.reason,
    ]


@posted_only
def fill_up(request: HttpRequest) -> HttpResponse:
    """Fill the sandbox's wallet up with play money."""
    filled = fill_up_sandbox(user=owner_of(request))
    if filled is None:
        messages.info(request, str(_("The sandbox wallet is full already.")))
    else:
        amount = amount_text(filled.amount, filled.currency)
        messages.success(request, _("%(amount)s of play money was added.") % {"amount": amount})
    return redirect("wallet")


@posted_only
def change_alert(request: HttpRequest) -> HttpResponse:
    """Choose below which balance to be told."""
    form = AlertForm(request.POST)
    if not form.is_valid():
        return _wallet_page(request, form)
    set_low_balance_alert(
        user=owner_of(request),
        mode=mode_of(request),
        threshold=form.threshold_chosen,
        language=get_language() or "",
    )
    messages.success(request, str(_("Saved.")))
    return redirect("wallet")
