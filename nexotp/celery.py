"""Which task waits in which queue, and the table of periodic work.

Celery is the clock and the muscle; the rows are the queue. A message that is lost, late or
doubled costs nothing, so no schedule needs to be exact.
"""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_ready
from django.conf import settings
from kombu.transport.redis import Channel

from nexotp.lib.logs import configure
from nexotp.lib.queues import CATALOGUE, MAIL, MONEY, POLLING, UPKEEP, WEBHOOKS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexotp.settings")

HARD_LIMIT = 60

# A task that is not here would wait in a queue that nobody serves.
QUEUES = {
    "orders.advance_due_orders": MONEY,
    "orders.settle_due_attempts": MONEY,
    "orders.settle_unknown_attempts": MONEY,
    "orders.poll_suppliers": POLLING,
    "orders.poll_supplier": POLLING,
    "orders.read_hinted": POLLING,
    "orders.count_deliveries": UPKEEP,
    "orders.cool_down_abusers": MONEY,
    "orders.reconcile_histories": UPKEEP,
    "orders.reconcile_history": UPKEEP,
    "orders.watch_floats": UPKEEP,
    "wallet.check_payments": MONEY,
    "wallet.send_mails": MAIL,
    "accounts.fold_usage": POLLING,
    "accounts.clear_sessions": UPKEEP,
    "accounts.send_mails": MAIL,
    "accounts.forget_unconfirmed": UPKEEP,
    # Alone in its queue: what is quick shall not wait behind minutes of reading.
    "catalog.sync_catalogue": CATALOGUE,
    "catalog.sync_catalogues": UPKEEP,
    "catalog.refresh_balances": UPKEEP,
    "catalog.refresh_rates": UPKEEP,
    "catalog.reprice_offers": UPKEEP,
    "webhooks.deliver_due": WEBHOOKS,
    "webhooks.send_notices": MAIL,
    "webhooks.prune_log": UPKEEP,
    "office.fold_sums": UPKEEP,
    "office.check_books": UPKEEP,
    "office.end_overdue_views": UPKEEP,
    "office.note_settings": UPKEEP,
}

# Giving messages back while the connection breaks fails in a way that ends the worker, and so does
# acknowledging them over a connection that broke meanwhile (kombu 5.7.0 asks the connection that it
# has let go for a new one). So a message is taken for good when it is received. Lost with its
# worker, it is missed by nobody: the next one comes within seconds.
Channel.do_restore = False

app = Celery("nexotp")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "ack_emulation": False,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=HARD_LIMIT,
    task_soft_time_limit=40,
    task_create_missing_queues=True,
    task_routes={task: {"queue": queue} for task, queue in QUEUES.items()},
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_soft_shutdown_timeout=10,
    # A task cut off half-way would leave its rows leased; one that runs twice does no harm.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    timezone="UTC",
    beat_schedule={
        "advance due orders": {
            "task": "orders.advance_due_orders",
            "schedule": 2.0,
            "options": {"expires": 10},
        },
        "poll suppliers": {
            "task": "orders.poll_suppliers",
            "schedule": 2.0,
            "options": {"expires": 10},
        },
        "settle due attempts": {
            "task": "orders.settle_due_attempts",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "settle unknown attempts": {
            "task": "orders.settle_unknown_attempts",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "cool down abusers": {
            "task": "orders.cool_down_abusers",
            "schedule": 60.0,
            "options": {"expires": 30},
        },
        # At night in Jakarta.
        "reconcile histories": {
            "task": "orders.reconcile_histories",
            "schedule": crontab(hour=19, minute=30),
            "options": {"expires": 3600},
        },
        "watch floats": {
            "task": "orders.watch_floats",
            "schedule": 300.0,
            "options": {"expires": 120},
        },
        "count deliveries": {
            "task": "orders.count_deliveries",
            "schedule": 300.0,
            "options": {"expires": 120},
        },
        "check payments": {
            "task": "wallet.check_payments",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "write to owners of wallets": {
            "task": "wallet.send_mails",
            "schedule": 20.0,
            "options": {"expires": 30},
        },
        "forget unconfirmed sign-ups": {
            "task": "accounts.forget_unconfirmed",
            "schedule": 3600.0,
            "options": {"expires": 1800},
        },
        # Also sent at once by the page that writes.
        "send mails of pages": {
            "task": "accounts.send_mails",
            "schedule": 10.0,
            "options": {"expires": 8},
        },
        "fold usage": {
            "task": "accounts.fold_usage",
            "schedule": 60.0,
            "options": {"expires": 30},
        },
        "clear sessions": {
            "task": "accounts.clear_sessions",
            "schedule": crontab(hour=20, minute=10),
            "options": {"expires": 3600},
        },
        "sync catalogues": {
            "task": "catalog.sync_catalogues",
            "schedule": 600.0,
            "options": {"expires": 300},
        },
        "refresh supplier balances": {
            "task": "catalog.refresh_balances",
            "schedule": 300.0,
            "options": {"expires": 120},
        },
        "refresh rates": {
            "task": "catalog.refresh_rates",
            "schedule": 3600.0,
            "options": {"expires": 600},
        },
        "reprice offers": {
            "task": "catalog.reprice_offers",
            "schedule": 10.0,
            "options": {"expires": 10},
        },
        "deliver webhooks": {
            "task": "webhooks.deliver_due",
            "schedule": 2.0,
            "options": {"expires": 10},
        },
        "tell owners of disabled webhooks": {
            "task": "webhooks.send_notices",
            "schedule": 60.0,
            "options": {"expires": 30},
        },
        "prune the log of webhooks": {
            "task": "webhooks.prune_log",
            "schedule": 3600.0,
            "options": {"expires": 1800},
        },
        "fold sums": {
            "task": "office.fold_sums",
            "schedule": 300.0,
            "options": {"expires": 240},
        },
        "end overdue looks as a customer": {
            "task": "office.end_overdue_views",
            "schedule": 60.0,
            "options": {"expires": 30},
        },
        # Also sent at once by the button in the admin.
        "check the books": {
            "task": "office.check_books",
            "schedule": 600.0,
            "options": {"expires": 300},
        },
    },
)
app.autodiscover_tasks(["accounts", "orders", "catalog", "wallet", "webhooks", "office"])


@worker_ready.connect
def _note_settings(**_options: object) -> None:
    """Have the audit told what changed in the environment since the last start."""
    app.send_task("office.note_settings", queue=UPKEEP, expires=600)


@setup_logging.connect
def _log_like_the_web_does(**_options: object) -> None:
    configure(settings.LOGGING)
