"""Rules that a reader could overlook; each scan first proves that it finds something."""

import ast
import re

from tests.guards.source import ROOT, calls, imports, modules, texts

# ---- transfers --------------------------------------------------------------------------------

_WRITES = {"create", "bulk_create", "get_or_create", "update_or_create", "save", "update", "delete"}


def writes_transfers(tree: ast.AST) -> bool:
    """Whether a module makes or changes rows of the ledger's transfers."""
    if any("wallet_transfer" in text and _is_write(text) for text in texts(tree)):
        return True
    return any(
        name == "Transfer" or (name in _WRITES and "Transfer.objects" in ast.unparse(call.func))
        for name, call in calls(tree)
    )


def _is_write(sql: str) -> bool:
    return (
        re.search(r"\b(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+wallet_transfer", sql) is not None
    )


def test_the_scan_for_transfers_sees_each_way() -> None:
    ways = [
        "Transfer(kind='hold')",
        "Transfer.objects.create(kind='hold')",
        "Transfer.objects.filter(pk=1).update(amount=1)",
        "cursor.execute('INSERT INTO wallet_transfer VALUES (1)')",
    ]

    assert all(writes_transfers(ast.parse(way)) for way in ways)
    assert not writes_transfers(ast.parse("Transfer.objects.filter(pk=1).first()"))


def test_transfers_are_created_only_by_the_wallets_actions() -> None:
    writers = [name for name, tree in modules().items() if writes_transfers(tree)]

    assert writers == ["wallet/actions/posting.py"]


# ---- the network ------------------------------------------------------------------------------

_NETWORK = {
    *("httpx", "httpx2", "httpcore", "httpcore2", "requests", "aiohttp", "urllib3"),
    *("http.client", "urllib.request", "socket", "smtplib", "ftplib", "websockets"),
}
_DOORS_OUT = (
    *("suppliers/", "wallet/gateways/", "webhooks/transport.py"),
    "nexotp/lib/deadline.py",  # the clock that they share
)


def test_only_three_doors_lead_out_of_the_house() -> None:
    users = [name for name, tree in modules().items() if _NETWORK & set(imports(tree))]

    assert any(name.startswith("suppliers/") for name in users)
    assert [name for name in users if not name.startswith(_DOORS_OUT)] == []


# ---- tasks are sent after the commit ----------------------------------------------------------

_AT_ONCE = {"delay", "apply_async", "send_task"}


def sends_inside_transaction(tree: ast.AST) -> list[str]:
    """Calls that hand a task to the broker before the transaction around them has committed."""
    found = []
    for node in ast.walk(tree):
        blocks: list[ast.AST] = []
        if isinstance(node, ast.With) and "atomic" in ast.unparse(node.items[0].context_expr):
            blocks = list(node.body)
        if isinstance(node, ast.FunctionDef) and any(
            "atomic" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            blocks = list(node.body)
        for block in blocks:
            found += [ast.unparse(call) for name, call in calls(block) if name in _AT_ONCE]
    return found


def test_the_scan_for_early_tasks_sees_blocks_and_decorators() -> None:
    inside = [
        "with transaction.atomic():\n    task.delay(1)",
        "@transaction.atomic\ndef act():\n    if True:\n        task.apply_async((1,))",
    ]

    assert all(sends_inside_transaction(ast.parse(source)) for source in inside)
    assert not sends_inside_transaction(
        ast.parse("with transaction.atomic():\n    task.delay_on_commit(1)")
    )


def test_no_task_is_sent_inside_a_transaction() -> None:
    assert {
        name: early for name, tree in modules().items() if (early := sends_inside_transaction(tree))
    } == {}


# A button of the admin, by the task's name: its view opens no transaction; and a wake-up that is
# called after the commit; and a supplier's push, in no transaction either.
_MAY_SEND = {
    "catalog/admin/syncs.py",
    "office/admin/books.py",
    "office/admin/supplier_pages.py",
    "webhooks/waking.py",
    "accounts/mails.py",
    "orders/callbacks.py",
}
# A callback of a gateway and a buyer who comes back: in no transaction, too.
_MAY_SEND |= {"wallet/waking.py"}
# A worker that starts.
_MAY_SEND |= {"nexotp/celery.py"}


def test_tasks_are_sent_at_once_only_by_tasks() -> None:
    senders = {
        name for name, tree in modules().items() for called, _ in calls(tree) if called in _AT_ONCE
    }

    assert senders
    assert {name for name in senders if not name.endswith("/tasks.py")} <= _MAY_SEND


# ---- settings ---------------------------------------------------------------------------------

_READ = re.compile(
    r"""(?:\benv(?:\.\w+)?\(|\bsetting\(|environ(?:\.get\(|\[))\s*["']([A-Z][A-Z0-9_]+)["']"""
)
# Read by tests to make a process die, or set by the programs that start ours.
_NOT_SETTINGS = {"NEXOTP_CRASH_AT", "DJANGO_SETTINGS_MODULE"}
# Read by other programs: what starts the shop, and docker compose.
_READ_ELSEWHERE = ("dev", "docker-compose.yml", "Makefile")


def example() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {
        line.split("=", 1)[0].lstrip("# ") for line in lines if re.match(r"#? ?[A-Z0-9_]+=", line)
    }


def test_every_setting_stands_in_the_example() -> None:
    read = {
        name for path in modules() for name in _READ.findall((ROOT / path).read_text())
    } - _NOT_SETTINGS

    assert {"SECRET_KEY", "DATABASE_URL", "SANDBOX_GRANT", "NEXOTP_DATA"} <= read
    assert read - example() == set()


def test_the_example_names_nothing_that_nobody_reads() -> None:
    sources = [ROOT / path for path in modules()]
    for name in _READ_ELSEWHERE:
        path = ROOT / name
        sources += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    everything = "\n".join(source.read_text() for source in sources)

    assert {name for name in example() if not re.search(rf"\b{name}\b", everything)} == set()
