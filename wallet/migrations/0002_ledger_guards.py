"""What the ledger promises, kept by the database itself."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION wallet_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER wallet_transfer_is_final BEFORE UPDATE OR DELETE ON wallet_transfer
    FOR EACH ROW EXECUTE FUNCTION wallet_refuse_change();
CREATE TRIGGER wallet_transfer_is_kept BEFORE TRUNCATE ON wallet_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_change();

-- An account may change its balance and nothing else, and cannot go.
CREATE FUNCTION wallet_refuse_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.kind, NEW.currency, NEW.mode, NEW.guarded, NEW.owner_id)
        IS DISTINCT FROM (OLD.id, OLD.kind, OLD.currency, OLD.mode, OLD.guarded, OLD.owner_id) THEN
        RAISE EXCEPTION 'a ledger account cannot become another one'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER wallet_account_stays BEFORE UPDATE OF id, kind, currency, mode, guarded, owner_id
    ON wallet_ledgeraccount FOR EACH ROW EXECUTE FUNCTION wallet_refuse_account_change();
CREATE TRIGGER wallet_account_is_final BEFORE DELETE ON wallet_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION wallet_refuse_change();
CREATE TRIGGER wallet_account_is_kept BEFORE TRUNCATE ON wallet_ledgeraccount
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_change();

-- Mixing currencies, or sandbox with live, is impossible and not merely checked.
ALTER TABLE wallet_transfer
    ADD CONSTRAINT wallet_transfer_debit_same_money FOREIGN KEY (debit_id, currency, mode)
        REFERENCES wallet_ledgeraccount (id, currency, mode),
    ADD CONSTRAINT wallet_transfer_credit_same_money FOREIGN KEY (credit_id, currency, mode)
        REFERENCES wallet_ledgeraccount (id, currency, mode);

-- Balances change often and no index covers them: room on the page keeps the updates in place.
ALTER TABLE wallet_ledgeraccount SET (fillfactor = 60);
"""

UNDO = """
ALTER TABLE wallet_transfer DROP CONSTRAINT wallet_transfer_debit_same_money,
    DROP CONSTRAINT wallet_transfer_credit_same_money;
DROP TRIGGER wallet_transfer_is_final ON wallet_transfer;
DROP TRIGGER wallet_transfer_is_kept ON wallet_transfer;
DROP TRIGGER wallet_account_stays ON wallet_ledgeraccount;
DROP TRIGGER wallet_account_is_final ON wallet_ledgeraccount;
DROP TRIGGER wallet_account_is_kept ON wallet_ledgeraccount;
DROP FUNCTION wallet_refuse_account_change();
DROP FUNCTION wallet_refuse_change();
"""

CURRENCIES = ["IDR", "USD", "EUR", "RUB", "CNY"]
MODES = ["live", "sandbox"]
HOUSE = [
    "orders_in_progress",
    "sales_revenue",
    "cost_of_sales",
    "supplier_prepaid",
    "supplier_losses",
    "payment_clearing",
    "refunds",
    "promotions",
    "adjustments",
]


def open_house_accounts(apps, schema_editor):
    account = apps.get_model("wallet", "LedgerAccount")
    account.objects.bulk_create(
        account(kind=kind, currency=currency, mode=mode, guarded=False)
        for kind in HOUSE
        for currency in CURRENCIES
        for mode in MODES
    )


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, UNDO),
        migrations.RunPython(open_house_accounts, migrations.RunPython.noop),
    ]
