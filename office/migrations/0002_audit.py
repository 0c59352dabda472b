"""The database notes changes by itself; see office/triggers.py.

A table that is audited later gets its triggers in a migration of its own.
"""

from django.db import migrations

from office.triggers import AUDITED, FUNCTION, UNDO

TABLES = {
    "accounts_apikey",
    "accounts_plan",
    "accounts_user",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "auth_group",
    "auth_group_permissions",
    "catalog_block",
    "catalog_countrymapping",
    "catalog_exchangerate",
    "catalog_pricingrule",
    "catalog_servicemapping",
    "catalog_supplier",
    "wallet_paymentmethod",
    "webhooks_endpoint",
    "webhooks_secret",
}


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0001_initial"),
        ("accounts", "0007_staff_rights"),
        ("catalog", "0010_trade_codes"),
        ("wallet", "0006_sums_and_searches"),
        ("webhooks", "0002_payload_format"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, UNDO),
        *(
            migrations.RunSQL(each.sql, each.undo)
            for each in AUDITED
            if each.table in TABLES
        ),
    ]
