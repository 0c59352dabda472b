"""Customers' wallets: opened, topped up, corrected, and when to be told that little is left."""

from django.conf import settings
from django.db import transaction

from accounts.models import Mode, User
from nexotp.lib.db import PreparedRead
from nexotp.lib.ids import new_id
from wallet.actions.posting import house_account, post
from wallet.models import AccountKind, LedgerAccount, LowBalanceNotice, Transfer, TransferKind


def open_wallet(*, user: User, mode: str) -> LedgerAccount:
    """Return the account's wallet, opened at its first use; a sandbox one is filled then."""
    values = (user.pk, AccountKind.WALLET.value, settings.SHOP_CURRENCY, mode)
    if found := _WALLET.one(values):
        wallet: LedgerAccount = found[0]
        return wallet
    with transaction.atomic():
        LedgerAccount.objects.bulk_create(
            [
                LedgerAccount(
                    owner=user,
                    kind=AccountKind.WALLET,
                    currency=settings.SHOP_CURRENCY,
                    mode=mode,
                    guarded=True,
                    balance=0,
                )
            ],
            ignore_conflicts=True,
        )
        wallet = LedgerAccount.objects.wallet_of(user, mode).get()
        if mode == Mode.SANDBOX:
            post(
                kind=TransferKind.PROMOTION,
                debit=house_account(AccountKind.PROMOTIONS, wallet.currency, mode),
                credit=wallet.pk,
                wallet=wallet.pk,
                currency=wallet.currency,
                mode=mode,
                amount=settings.SANDBOX_GRANT,
                reference=f"grant:{user.public_id}",
            )
            wallet.refresh_from_db()
    return wallet


_WALLET = PreparedRead(
    "SELECT {0} FROM wallet_ledgeraccount wallet WHERE wallet.owner_id = %s AND wallet.kind = %s"
    " AND wallet.currency = %s AND wallet.mode = %s",
    wallet=LedgerAccount,
)


def credit_top_up(
    *, user: User, amount: int, top_up_id: str, by: User | None, mode: str = Mode.LIVE
) -> Transfer:
    """Credit a confirmed payment; a repeated confirmation credits nothing."""
    wallet = open_wallet(user=user, mode=mode)
    return post(
        kind=TransferKind.TOP_UP,
        debit=house_account(AccountKind.PAYMENT_CLEARING, wallet.currency, mode),
        credit=wallet.pk,
        wallet=wallet.pk,
        currency=wallet.currency,
        mode=mode,
        amount=amount,
        reference=f"topup:{top_up_id}",
        by=by,
    )


@transaction.atomic
def fill_up_sandbox(*, user: User) -> Transfer | None:
    """Fill a sandbox wallet up with play money again; None where it is full."""
    wallet = open_wallet(user=user, mode=Mode.SANDBOX)
    # Two clicks at once must not fill it twice.
    locked = LedgerAccount.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    missing: int = settings.SANDBOX_GRANT - (locked.balance or 0)
    if missing <= 0:
        return None
    return post(
        kind=TransferKind.PROMOTION,
        debit=house_account(AccountKind.PROMOTIONS, wallet.currency, wallet.mode),
        credit=wallet.pk,
        wallet=wallet.pk,
        currency=wallet.currency,
        mode=wallet.mode,
        amount=missing,
        reference=f"grant:{new_id('fill')}",
    )


@transaction.atomic
def set_low_balance_alert(
    *, user: User, mode: str, threshold: int | None, language: str
) -> LedgerAccount:
    """Choose below which balance the owner is told; 0 is never, None the shop's usual.

    `threshold` is in minor units; mails are written in `language`.
    """
    wallet = open_wallet(user=user, mode=mode)
    LedgerAccount.objects.filter(pk=wallet.pk).update(low_balance_at=threshold)
    # Who changes the threshold wants to hear of the next time, however lately the last one was.
    LowBalanceNotice.objects.update_or_create(
        wallet=wallet, defaults={"language": language, "due_at": None, "mailed_at": None}
    )
    wallet.low_balance_at = threshold
    return wallet


def adjust_wallet(
    *,
    user: User,
    amount: int,
    adjustment_id: str,
    reason: str,
    by: User | None,
    mode: str = Mode.LIVE,
) -> Transfer:
    """Correct a wallet by hand, up or (with a negative amount) down.

    Raises InsufficientFunds when it would take more than there is.
    """
    wallet = open_wallet(user=user, mode=mode)
    ours = house_account(AccountKind.ADJUSTMENTS, wallet.currency, mode)
    debit, credit = (ours, wallet.pk) if amount > 0 else (wallet.pk, ours)
    return post(
        kind=TransferKind.ADJUSTMENT,
        debit=debit,
        credit=credit,
        wallet=wallet.pk,
        currency=wallet.currency,
        mode=mode,
        amount=abs(amount),
        reference=f"adjust:{adjustment_id}",
        by=by,
        reason=reason,
    )
