"""What staff fills in about an account."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import FROZEN, User
from office.admin.asking import ReasonForm


class _LowerCaseEmail(forms.ModelForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(_LowerCaseEmail, UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "plan", "tier")


class EditUserForm(_LowerCaseEmail, UserChangeForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "plan", "tier", "is_active", "is_staff", "is_superuser")


class FreezeForm(ReasonForm):
    """Why, for colleagues, and what the owner of the account reads."""

    message = forms.CharField(
        label=_("What its owner reads"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "placeholder": FROZEN}),
        help_text=_("As you write it, on each page and in the API. Empty: the words in the field."),
    )


class NoteForm(forms.Form):
    """One note; it cannot be changed afterwards."""

    text = forms.CharField(
        label=_("Note"),
        max_length=2_000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text=_("Colleagues read it, the customer never does. It cannot be changed later."),
    )
