"""The simulator is a fair supplier, and an unfair one on request; its books are always right."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    OutcomeUnknown,
    RefusalReason,
    Refused,
)

BALANCE = 1_000_000_0000


@pytest.fixture
def line(price_list):
    return next(listing for listing in price_list if listing.stock)


@pytest.fixture
def buy(account, line, now):
    def buy(reference="attempt-1"):
        return account.buy(line.goods, max_cost=line.cost, reference=reference, now=now)

    return buy


@pytest.fixture
def ask(simulator):
    """Send one raw request and return the text of the answer."""

    def ask(action, **params):
        params = {"api_key": simulator.api_key, "action": action, **params}
        return httpx2.get(simulator.url, params=params, trust_env=False).text

    return ask


@pytest.fixture
def faults(simulator):
    def faults(**probabilities):
        simulator.control(faults=probabilities)

    return faults


def truth(simulator):
    [activation] = simulator.activations()
    return activation


def test_the_balance_pays_for_numbers_and_gets_refunds_back(account, buy, line, now):
    bought = buy()
    assert account.balance() == BALANCE - line.cost

    account.cancel(bought.reference, now=now)

    assert account.balance() == BALANCE


def test_a_lifetime_ends_with_a_refund(account, simulator, buy, now):
    simulator.control(lifetime_s=0.05)
    bought = buy()
    time.sleep(0.1)

    assert account.balance() == BALANCE
    assert truth(simulator)["state"] == "timed_out"
    assert truth(simulator)["charged"] == 0
    assert account.status(bought.reference, now=now).state is ActivationState.CLOSED
    assert account.active() == []


def test_a_code_comes_when_its_time_has_come(account, simulator, buy, now):
    simulator.control(code_rate=1, code_after_s=0.1)
    bought = buy()
    assert account.status(bought.reference, now=now).state is ActivationState.WAITING
    time.sleep(0.15)

    [message] = account.status(bought.reference, now=now).messages

    assert [message.code] == truth(simulator)["codes"]


def test_an_instant_supplier_has_the_code_at_once(account, simulator, buy, now):
    simulator.control(code_rate=1, code_after_s=0)

    assert account.status(buy().reference, now=now).state is ActivationState.RECEIVED


def test_a_message_without_a_code_arrives_as_text(account, simulator, buy, now):
    bought = buy()
    simulator.deliver(bought.reference, text="Use 4711 to sign in")

    [single] = account.status(bought.reference, now=now).messages
    [listed] = account.active()[0].messages

    assert single == listed
    assert (single.code, single.text) == ("4711", "Use 4711 to sign in")


def test_money_runs_out(account, simulator, buy):
    simulator.control(balance="0.0001")

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is RefusalReason.NO_BALANCE


def test_a_wrong_key_is_told_so(simulator, ask):
    assert ask("getBalance", api_key="wrong") == "BAD_KEY"
    assert ask("getBalance", api_key="") == "NO_KEY"
    assert ask("nonsense") == "BAD_ACTION"


def test_parameters_come_by_query_or_form(simulator):
    params = {"api_key": simulator.api_key, "action": "getBalance"}
    url = simulator.url.removesuffix(".php")

    by_form = httpx2.post(url, data=params, trust_env=False)
    by_query = httpx2.post(url, params=params, trust_env=False)

    assert by_form.text == by_query.text == "ACCESS_BALANCE:1000000.0000"


def test_the_older_actions_work_too(ask, line, simulator):
    number_id = ask("getNumber", service=line.goods.service, country=line.goods.country).split(":")[
        1
    ]

    assert ask("setStatus", id=number_id, status="1") == "ACCESS_READY"
    assert ask("getStatus", id=number_id) == "STATUS_WAIT_CODE"
    assert '"sms":null' in ask("getStatusV2", id=number_id)
    simulator.deliver(number_id, code="4711")
    assert ask("getStatus", id=number_id) == "STATUS_OK:4711"
    assert '"code":"4711"' in ask("getStatusV2", id=number_id)
    assert '"code":"4711"' in ask("getAllSms", id=number_id)
    assert ask("setStatus", id=number_id, status="3") == "ACCESS_RETRY_GET"
    assert ask("getStatus", id=number_id) == "STATUS_WAIT_RETRY:4711"
    assert ask("setStatus", id=number_id, status="6") == "ACCESS_ACTIVATION"
    assert ask("getStatus", id=number_id) == "STATUS_CANCEL"
    assert '"status":"6"' in ask("getHistory")


def test_operators_are_listed_and_kept_to(ask, line):
    country = line.goods.country

    assert f'"{country}":[' in ask("getOperators", country=country)
    answer = ask("getNumberV2", service=line.goods.service, country=country, operator="nobody")
    assert answer == "WRONG_OPERATOR"


@pytest.mark.parametrize(
    ("fault", "sold"),
    [("lose_answer", 1), ("html", 1), ("empty", 1), ("outage", 0), ("outage_503", 0)],
)
def test_a_lost_answer_leaves_the_truth_upstream(fault, sold, buy, faults, simulator):
    faults(**{fault: 1})

    with pytest.raises(OutcomeUnknown):
        buy()

    assert len(simulator.activations()) == sold
    assert simulator.control()["counters"]["faults"] == {fault: 1}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("no_stock", RefusalReason.NO_NUMBERS), ("banned", RefusalReason.BANNED)],
)
def test_a_refusal_sells_nothing(fault, reason, buy, faults, simulator, now):
    faults(**{fault: 1})

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is reason
    assert (refusal.value.until is not None) == (fault == "banned")
    assert simulator.activations() == []


def test_a_delayed_answer_comes_late(buy, faults, simulator):
    simulator.control(delay_s=0.2)
    faults(delay=1)
    started = time.monotonic()

    buy()

    assert time.monotonic() - started >= 0.2


def test_latency_holds_every_answer(account, simulator):
    simulator.control(latency_ms=100)
    started = time.monotonic()

    account.balance()

    assert time.monotonic() - started >= 0.1


def test_more_requests_than_it_takes_are_refused(account, simulator):
    simulator.control(requests_per_s=0)

    with pytest.raises(Refused) as refusal:
        account.balance()

    assert refusal.value.reason is RefusalReason.BUSY


def test_more_is_charged_than_asked(buy, faults, line):
    faults(wrong_price=1)

    assert buy().cost > line.cost


def test_a_cancel_is_too_early(account, buy, faults, now):
    faults(early_cancel=1)

    assert account.cancel(buy().reference, now=now).outcome is CancelOutcome.TOO_EARLY


def test_a_code_comes_with_the_cancel(account, buy, faults, simulator, now):
    faults(code_during_cancel=1)
    bought = buy()

    assert account.cancel(bought.reference, now=now).outcome is CancelOutcome.CODE_ARRIVED
    assert account.status(bought.reference, now=now).state is ActivationState.RECEIVED
    assert truth(simulator)["charged"] == bought.cost


def test_a_cancel_is_a_lie(account, buy, faults, simulator, now):
    simulator.control(code_after_s=0.1)
    faults(lying_cancel=1)
    bought = buy()

    assert account.cancel(bought.reference, now=now).outcome is CancelOutcome.CANCELLED
    assert account.status(bought.reference, now=now).state is ActivationState.WAITING
    time.sleep(0.15)
    assert account.status(bought.reference, now=now).state is ActivationState.RECEIVED


def test_a_code_comes_after_the_lifetime(account, buy, faults, simulator, now):
    simulator.control(lifetime_s=0.5)
    faults(late_code=1)
    bought = buy()
    time.sleep(0.6)
    assert account.status(bought.reference, now=now).state is ActivationState.WAITING
    time.sleep(1)
    assert account.status(bought.reference, now=now).state is ActivationState.RECEIVED


def test_a_message_comes_twice_and_counts_once(account, buy, faults, simulator, now):
    faults(duplicate_message=1)
    bought = buy()
    simulator.deliver(bought.reference)

    assert len(truth(simulator)["codes"]) == 2
    assert len(account.active()[0].messages) == 1


def test_a_live_activation_is_denied_or_left_out(account, buy, faults, now):
    bought = buy()

    faults(no_activation=1, missing_from_list=1)

    assert account.active() == []
    assert account.status(bought.reference, now=now).state is ActivationState.MISSING
    assert account.cancel(bought.reference, now=now).outcome is CancelOutcome.MISSING


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ("nonsense", "not JSON"),
        ("[]", "object"),
        ('{"latency": 1}', "unknown setting: latency"),
        ('{"latency_ms": "1"}', "latency_ms must be a number"),
        ('{"code_rate": 1.5}', "code_rate must be between"),
        ('{"code_rate": true}', "code_rate must be a number"),
        ('{"lifetime_s": -1}', "lifetime_s must be between"),
        ('{"faults": ["html"]}', "faults must be an object"),
        ('{"faults": {"htlm": 1}}', "unknown fault: htlm"),
        ('{"faults": {"html": 2}}', "html must be between"),
        ('{"balance": "much"}', "balance must be an amount"),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(sent, complaint, simulator):
    before = simulator.control()["settings"]

    answer = httpx2.post(f"{simulator.root}/_control", content=sent, trust_env=False)

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert simulator.control()["settings"] == before


def test_a_fault_stays_on_until_it_is_set_to_nothing(simulator):
    simulator.control(faults={"html": 0.5, "empty": 0.25})
    simulator.control(faults={"html": 0})

    faults = simulator.control()["settings"]["faults"]

    assert {name: share for name, share in faults.items() if share} == {"empty": 0.25}


def test_a_reset_puts_everything_back(buy, simulator):
    simulator.reset()
    before = simulator.control()
    simulator.control(latency_ms=1, stock=7, faults={"wrong_price": 1})
    buy()

    simulator.reset()

    assert simulator.control() == before
    assert simulator.activations() == []


def test_requests_are_counted_by_action(account, simulator, buy):
    buy()
    account.active()
    account.active()

    assert simulator.control()["counters"]["requests"] == {
        "getNumberV2": 1,
        "getActiveActivations": 2,
    }


def test_many_threads_share_one_account(account, simulator, buy):
    with ThreadPoolExecutor(16) as threads:
        bought = list(threads.map(buy, [f"attempt-{n}" for n in range(200)]))

    assert len({one.reference for one in bought}) == 200
    assert {one["order_id"] for one in simulator.activations()} == {
        f"attempt-{n}" for n in range(200)
    }


def test_it_runs_as_a_program():
    command = [sys.executable, "-m", "suppliers.simulator", "--port", "0", "--api-key", "k"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stderr is not None
            url = program.stderr.readline().split()[-1]
            params = {"api_key": "k", "action": "getBalance"}
            answer = httpx2.get(url, params=params, trust_env=False)
        finally:
            program.terminate()
        assert answer.text.startswith("ACCESS_BALANCE:")
        assert program.wait(timeout=10) == 0


def test_a_program_remembers_what_it_sold(tmp_path):
    def run(*calls: dict[str, str]) -> list[str]:
        command = [sys.executable, "-m", "suppliers.simulator", "--port", "0", "--api-key", "k"]
        command += ["--books", str(tmp_path / "books")]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
            try:
                assert program.stderr is not None
                url = program.stderr.readline().split()[-1]
                answers = [
                    httpx2.get(url, params={"api_key": "k", **call}, trust_env=False).text
                    for call in calls
                ]
            finally:
                program.terminate()
        return answers

    buy = {"action": "getNumber", "service": "wa", "country": "6"}
    [before, sold] = run({"action": "getBalance"}, buy)
    number = sold.split(":")[1]
    [status, balance, other] = run(
        {"action": "getStatus", "id": number}, {"action": "getBalance"}, buy
    )

    assert status.startswith("STATUS_")
    assert balance != before
    assert other.split(":")[1] != number
