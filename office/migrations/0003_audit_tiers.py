from django.db import migrations

from office.triggers import AUDITED


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0002_audit"),
        ("accounts", "0008_tiers"),
    ]

    operations = [
        migrations.RunSQL(each.sql, each.undo)
        for each in AUDITED
        if each.table == "accounts_tier"
    ]
