from django.urls import path

from wallet.callbacks import payment_callback
from wallet.views import top_ups, wallet

urlpatterns = [
    path("wallet/", wallet.show_wallet, name="wallet"),
    path("wallet/balance/", wallet.show_balance, name="balance"),
    path("wallet/statement.csv", wallet.download_statement, name="download_statement"),
    path("wallet/fill-up/", wallet.fill_up, name="fill_up"),
    path("wallet/alert/", wallet.change_alert, name="change_alert"),
    path("wallet/top-up/", top_ups.top_up, name="top_up"),
    path("wallet/top-up/<slug:top_up_id>/", top_ups.show_top_up, name="show_top_up"),
    path("wallet/top-up/<slug:top_up_id>/pay", top_ups.pay, name="pay_top_up"),
    path("wallet/top-up/<slug:top_up_id>/cancel", top_ups.cancel, name="cancel_top_up"),
    path("wallet/top-up/<slug:top_up_id>/proof", top_ups.send_proof, name="send_proof"),
    path("wallet/proofs/<int:proof_id>", top_ups.show_proof, name="proof"),
    path("hooks/payment/<slug:code>", payment_callback, name="payment_callback"),
]
