from django.db import migrations

PLANS = {
    # code: name, GENERAL per minute and burst, ORDER, POLL, open orders
    "free": ("Free", 120, 30, 30, 10, 300, 60, 20),
    "pro": ("Pro", 600, 120, 120, 40, 1_500, 300, 200),
    "unlimited": ("Unlimited", 1_000_000, 100_000, 1_000_000, 100_000, 1_000_000, 100_000, 1_000_000),
}


def seed(apps, schema_editor):
    plan = apps.get_model("accounts", "Plan")
    for code, (name, general, gburst, order, oburst, poll, pburst, most) in PLANS.items():
        plan.objects.create(
            code=code,
            name=name,
            general_per_minute=general,
            general_burst=gburst,
            order_per_minute=order,
            order_burst=oburst,
            poll_per_minute=poll,
            poll_burst=pburst,
            max_open_orders=most,
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
