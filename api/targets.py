"""Where covers are recorded and who is called back: what is refused before there is any work."""

from typing import Literal, NamedTuple, cast

from pydantic import BaseModel, Field

from worker.contracts.names import Format
from worker.contracts.targets import (
    DryRunTarget,
    FirstframeTarget,
    ProviderName,
    SmhTarget,
    Target,
)
from worker.ports import Store
from worker.rules.callbacks import callback_mistake
from worker.rules.capabilities import CAPABILITIES, target_refusal
from worker.rules.keys import content_type_of, public_key
from worker.rules.visibility import Refusal
from worker.settings import Settings
from worker.wiring import State

_EXTENSIONS: dict[Format, str] = {"jpeg": "jpg"}
_SAMPLE_SHA256 = "0" * 64


class Expected(NamedTuple):
    """What is known of a cover before it is recorded; no `url` of a private one."""

    url: str | None
    content_type: str | None


class ProviderLimits(BaseModel):
    """What the provider of a target takes, and how it is called with the target's profile."""

    provider: ProviderName
    profile: str | None
    needs: Literal["url", "bytes", "nothing"] = Field(description="What it needs of the cover.")
    url: str = Field(description="What the URL of a cover must look like.")
    content_types: list[str] | None = Field(description="Absent: any.")
    calls: list[str] = Field(description="The vendor's calls that are made.")
    reads_back: bool = Field(description="Whether it is seen afterwards that the cover stands.")
    calls_per_minute: float | None = Field(description="The settings' budget for writes.")
    limits: list[str] = Field(description="The vendor's own.")


class Targets(NamedTuple):
    """The targets and callback URLs that a tenant may name.

    `is_open`: whoever calls is unknown, and has nothing from libraries (`api.reach`).
    """

    settings: Settings
    state: State
    store: Store
    tenant: str
    is_open: bool

    def expected(self, form: Format, *, is_private: bool) -> Expected:
        """What a cover of that form will look like from outside."""
        key = public_key("covers", _SAMPLE_SHA256, _EXTENSIONS.get(form, form))
        return Expected(None if is_private else self.store.public_url(key), content_type_of(key))

    def refusal(self, target: Target, cover: Expected) -> Refusal | None:
        """Why the cover cannot be recorded there, as far as that can be known.

        Raises: RequestError `queue.unavailable`.
        """
        field, real = _real(target)
        if isinstance(real, FirstframeTarget) and real.as_set is not None:
            return Refusal("request.invalid", f"{field}.as_set", "there is no such field")
        return (
            target_refusal(
                target,
                profile=self._profile(real),
                sample_url=cover.url,
                content_type=cover.content_type,
            )
            or self._wrong_library(real, field)
            or self._no_medium(real, field)
        )

    def callback_refusal(self, url: str | None) -> Refusal | None:
        """Why the callback URL is not taken; None without one."""
        if url is None:
            return None
        section = self.settings.webhooks
        wrong = callback_mistake(
            url,
            allow_http=section.allow_http,
            allow_private_addresses=section.allow_private_addresses,
            allowed_ports=section.allowed_ports,
        )
        if wrong is not None:
            return Refusal("webhook.url_blocked", "callback_url", f"the URL {wrong}")
        if not section.secrets.get(self.tenant):
            told = "you have no secret to sign callbacks with (setting webhooks.secrets)"
            return Refusal("request.invalid", "callback_url", told)
        return None

    def limits(self, target: Target) -> ProviderLimits | None:
        """What a forecast tells of the target; None where its profile is gone meanwhile."""
        _, real = _real(target)
        profile = self._profile(real)
        sheet = CAPABILITIES[real.provider]
        way = sheet.way(profile)
        if way is None:
            return None
        return ProviderLimits(
            provider=real.provider,
            profile=getattr(real, "profile", None),
            needs=way.needs,
            url=sheet.url.text,
            content_types=list(way.content_types) or None,
            calls=list(way.calls),
            reads_back=way.reads_back,
            calls_per_minute=getattr(profile, "calls_per_minute", None),
            limits=list(sheet.limits),
        )

    def _profile(self, real: Target) -> object | None:
        """The settings of the target's profile, where it is the tenant's."""
        named = getattr(self.settings.providers, real.provider, {})
        found = named.get(getattr(real, "profile", ""))
        return found if found is not None and self.tenant in found.tenants else None

    def _wrong_library(self, real: Target, field: str) -> Refusal | None:
        if not isinstance(real, SmhTarget):
            return None
        profile = self.settings.providers.tencent_smh[real.profile]
        if real.library_id == profile.library_id:
            return None
        told = "it is not the library of the profile"
        return Refusal("provider.not_allowed", f"{field}.library_id", told)

    def _no_medium(self, real: Target, field: str) -> Refusal | None:
        if not isinstance(real, FirstframeTarget):
            return None
        found = self.state.media.read(self.tenant, real.medium_id)
        if found is not None and not (self.is_open and found.of_library):
            return None
        return Refusal("request.not_found", f"{field}.medium_id", "there is no such medium")


def _real(target: Target) -> tuple[str, Target]:
    """The target that is really meant, and the field that names it."""
    if isinstance(target, DryRunTarget):
        return "target.of", cast(Target, target.of)
    return "target", target
