"""What can be done with webhooks.

`emitting` writes down what happened, inside the transaction in which it happens; `delivering`
sends it, `recording` keeps what came back and says when to try again; `managing` is what owners
do; `upkeep` tells them what was disabled and forgets what is old.
"""

from webhooks.actions.delivering import deliver_due
from webhooks.actions.emitting import emit
from webhooks.actions.managing import (
    OVERLAP,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
    choose_events,
    create_endpoint,
    delete_endpoint,
    enable_endpoint,
    pause_endpoint,
    redeliver,
    redeliver_range,
    rotate_secret,
    send_test,
)
from webhooks.actions.upkeep import prune_log, send_notices

__all__ = [
    "OVERLAP",
    "TooManyWebhooks",
    "WebhookDisabled",
    "WebhookNotFound",
    "choose_events",
    "create_endpoint",
    "delete_endpoint",
    "deliver_due",
    "emit",
    "enable_endpoint",
    "pause_endpoint",
    "prune_log",
    "redeliver",
    "redeliver_range",
    "rotate_secret",
    "send_notices",
    "send_test",
]
