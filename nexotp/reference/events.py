"""What a webhook tells of, in words; it sends the order or the wallet as calls show them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVENTS: dict[str, Promise] = {
    "order.waiting": _("A number was bought; the order waits for its code."),
    "order.received": _("A code came: the first, or another after a resend."),
    "order.success": _("The order ended with a code."),
    "order.expired": _("The time was over without a code. The price went back."),
    "order.cancelled": _("The order was cancelled. The price went back."),
    "order.failed": _("No number could be had. The price went back."),
    "wallet.credited": _("Money came into the wallet."),
    "wallet.low_balance": _("The balance fell below what you want to be warned at."),
    "webhook.test": _("You asked for a test. It carries no order."),
}
