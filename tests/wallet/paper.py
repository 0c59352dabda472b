"""An order as far as the ledger is concerned: a name and a price, and no row."""

from itertools import count

from accounts.models import Mode, User
from nexotp.lib.ids import new_id
from wallet.actions import OrderMoney, hold_price, open_wallet
from wallet.models import AccountKind, LedgerAccount, Transfer

_numbers = count(1)


def paper_order(user: User, *, price: int = 6_500, mode: str = Mode.LIVE) -> OrderMoney:
    return OrderMoney(
        order_id=next(_numbers),
        reference=new_id("ord"),
        user_id=user.pk,
        currency="IDR",
        mode=mode,
        price=price,
    )


def hold(order: OrderMoney, user: User) -> Transfer:
    return hold_price(order, wallet=open_wallet(user=user, mode=order.mode))


def house(kind: AccountKind, *, currency: str = "IDR", mode: str = Mode.LIVE) -> LedgerAccount:
    return LedgerAccount.objects.get(owner=None, kind=kind, currency=currency, mode=mode)
