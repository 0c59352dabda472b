"""What the database notes of every change to rows that people answer for.

One function for all tables. Columns that machines write, such as a poller's lease, are noise: a
change of nothing else is not noted, and costs one comparison. A secret's change is noted without
its value.
"""

from dataclasses import dataclass

from nexotp.lib.acting import SETTING

FUNCTION = f"""
CREATE FUNCTION office_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    acting jsonb := coalesce(nullif(current_setting('{SETTING}', true), ''), '{{}}')::jsonb;
    noise text[] := TG_ARGV[0]::text[];
    secrets text[] := TG_ARGV[1]::text[];
    was jsonb := '{{}}';
    became jsonb := '{{}}';
    kept jsonb;
    changed jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD) - noise; END IF;
    IF TG_OP <> 'DELETE' THEN became := to_jsonb(NEW) - noise; END IF;
    kept := CASE WHEN TG_OP = 'DELETE' THEN was ELSE became END;
    SELECT jsonb_object_agg(name, CASE WHEN name = ANY (secrets) THEN '["•••", "•••"]'::jsonb
        ELSE jsonb_build_array(was -> name, became -> name) END)
    INTO changed
    FROM jsonb_object_keys(was || became) AS name
    WHERE was -> name IS DISTINCT FROM became -> name;
    INSERT INTO office_auditentry
        (at, act, subject, row_id, label, changes, by_id, reason, request_id, path, address)
    VALUES (clock_timestamp(), lower(TG_OP), TG_TABLE_NAME, kept ->> TG_ARGV[2],
        left(coalesce(kept ->> TG_ARGV[3], ''), 200), coalesce(changed, '{{}}'),
        (acting ->> 'by')::bigint, coalesce(acting ->> 'reason', ''),
        coalesce(acting ->> 'request_id', ''), coalesce(acting ->> 'path', ''),
        coalesce(acting ->> 'address', ''));
    RETURN NULL;
END $$;

-- Staff, and nobody else: customers sign in all day.
CREATE FUNCTION office_audit_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    acting jsonb := coalesce(nullif(current_setting('{SETTING}', true), ''), '{{}}')::jsonb;
BEGIN
    INSERT INTO office_auditentry
        (at, act, subject, row_id, label, changes, by_id, reason, request_id, path, address)
    VALUES (clock_timestamp(), 'sign_in', TG_TABLE_NAME, NEW.id::text, NEW.email, '{{}}', NEW.id,
        '', coalesce(acting ->> 'request_id', ''), coalesce(acting ->> 'path', ''),
        coalesce(acting ->> 'address', ''));
    RETURN NULL;
END $$;

CREATE TRIGGER office_audit_sign_in AFTER UPDATE OF last_login ON accounts_user FOR EACH ROW
    WHEN (NEW.is_staff AND OLD.last_login IS DISTINCT FROM NEW.last_login)
    EXECUTE FUNCTION office_audit_sign_in();

CREATE FUNCTION office_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER office_audit_is_final BEFORE UPDATE OR DELETE ON office_auditentry
    FOR EACH ROW EXECUTE FUNCTION office_refuse_change();
CREATE TRIGGER office_audit_is_kept BEFORE TRUNCATE ON office_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION office_refuse_change();
"""

UNDO = """
DROP TRIGGER office_audit_is_final ON office_auditentry;
DROP TRIGGER office_audit_is_kept ON office_auditentry;
DROP TRIGGER office_audit_sign_in ON accounts_user;
DROP FUNCTION office_refuse_change();
DROP FUNCTION office_audit_sign_in();
DROP FUNCTION office_audit();
"""


# Written once, as the audit itself is.
FINAL_NOTES = """
CREATE TRIGGER office_note_is_final BEFORE UPDATE OR DELETE ON office_accountnote
    FOR EACH ROW EXECUTE FUNCTION office_refuse_change();
CREATE TRIGGER office_note_is_kept BEFORE TRUNCATE ON office_accountnote
    FOR EACH STATEMENT EXECUTE FUNCTION office_refuse_change();
"""
UNDO_FINAL_NOTES = """
DROP TRIGGER office_note_is_final ON office_accountnote;
DROP TRIGGER office_note_is_kept ON office_accountnote;
"""


@dataclass(frozen=True, slots=True)
class Audited:
    """A table whose changes are noted: all columns but `noise`, `secrets` without their values.

    `key` is the column that says which row it was, `label` one that people know it by. `only` is
    a condition on `OLD` and `NEW` for the rows that count.
    """

    table: str
    noise: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    key: str = "id"
    label: str = ""
    only_inserted: str = "true"
    only_updated: str = "true"
    only_deleted: str = "true"

    @property
    def sql(self) -> str:
        noise, secrets = _array(self.noise), _array(self.secrets)
        call = f"office_audit('{noise}', '{secrets}', '{self.key}', '{self.label}')"
        differs = (
            f"to_jsonb(OLD) - '{noise}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{noise}'::text[]"
        )
        return f"""
CREATE TRIGGER office_audit_insert AFTER INSERT ON {self.table} FOR EACH ROW
    WHEN ({self.only_inserted}) EXECUTE FUNCTION {call};
CREATE TRIGGER office_audit_update AFTER UPDATE ON {self.table} FOR EACH ROW
    WHEN (({self.only_updated}) AND {differs}) EXECUTE FUNCTION {call};
CREATE TRIGGER office_audit_delete AFTER DELETE ON {self.table} FOR EACH ROW
    WHEN ({self.only_deleted}) EXECUTE FUNCTION {call};
"""

    @property
    def undo(self) -> str:
        return "".join(
            f"DROP TRIGGER office_audit_{act} ON {self.table};\n"
            for act in ("insert", "update", "delete")
        )


def _array(names: tuple[str, ...]) -> str:
    return "{" + ",".join(names) + "}"


_BY_A_PERSON = f"current_setting('{SETTING}', true) <> ''"
# What a sync proposes is no decision; what a person agreed to is.
_MAPPING = {
    "noise": ("listing_count", "stock_count", "name"),
    "label": "code",
    "only_inserted": f"NEW.is_reviewed AND {_BY_A_PERSON}",
    "only_updated": "OLD.is_reviewed OR NEW.is_reviewed",
}

AUDITED = (
    Audited("catalog_pricingrule"),
    Audited("catalog_exchangerate", label="currency"),
    Audited(
        "catalog_supplier",
        noise=(
            *("failure_count", "delivered_count", "ended_count", "balance", "balance_at"),
            *("hours_left", "drift", "float_alerted_at", "drift_alerted_at", "reconciled_until"),
            *("synced_at", "sync_error", "poll_lease_until", "poll_failure_count", "priced_by"),
            *("stale_since", "paused_until", "paused_for", "dearest_cost", "summed_for"),
        ),
        secrets=("api_key_encrypted", "push_token_encrypted"),
        label="code",
    ),
    Audited("catalog_block"),
    # Suppliers' failures pause by themselves all day.
    Audited(
        "catalog_pause",
        noise=("failure_count",),
        only_inserted=_BY_A_PERSON,
        only_updated=_BY_A_PERSON,
        only_deleted=_BY_A_PERSON,
    ),
    # Loading reference data is no decision.
    Audited("catalog_service", label="code", only_inserted=_BY_A_PERSON, only_updated=_BY_A_PERSON),
    Audited("catalog_country", label="code", only_inserted=_BY_A_PERSON, only_updated=_BY_A_PERSON),
    Audited("catalog_servicemapping", **_MAPPING),  # type: ignore[arg-type]
    Audited("catalog_countrymapping", **_MAPPING),  # type: ignore[arg-type]
    Audited("accounts_user", noise=("last_login",), secrets=("password",), label="email"),
    Audited("accounts_user_groups", key="user_id"),
    Audited("accounts_user_user_permissions", key="user_id"),
    Audited("auth_group", label="name"),
    Audited("auth_group_permissions", key="group_id"),
    Audited("accounts_plan", label="code"),
    Audited("accounts_tier", label="code"),
    Audited(
        "accounts_apikey",
        noise=("last_used_at",),
        secrets=("digest", "pepper_version"),
        label="public_id",
    ),
    # Where customers' money goes.
    Audited(
        "wallet_paymentmethod",
        secrets=("api_key_encrypted", "callback_secret_encrypted"),
        label="code",
    ),
    Audited(
        "webhooks_endpoint",
        noise=("is_answering", "failing_since", "rests_until", "notice_due_at"),
        label="url",
    ),
    Audited("webhooks_secret", secrets=("encrypted",), key="endpoint_id"),
)
