"""Customers' wallets: opened, topped up, corrected."""

from django.conf import settings
from django.db import transaction

from accounts.models import Mode, User
from nexotp.lib.db import PreparedRead
from wallet.actions.posting import house_account, post
from wallet.models import AccountKind, LedgerAccount, Transfer, TransferKind


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
