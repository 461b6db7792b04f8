"""The sections of providers, callbacks, the ledger, served accounts and album watches."""

import base64
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from worker.settings.sections import LINK_HOST, First, Seconds, Section

PROFILE: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"
_BASE_URL: Final = r"^https?://[^/?#@]+/?$"
_DAY_S: Final = 86_400

BaseUrl = Annotated[str, Field(pattern=_BASE_URL)]
CallsPerMinute = Annotated[float, Field(gt=0, le=600_000)]
ProfileTable = Annotated[str, Field(pattern=PROFILE)]


def _webhook_secret(secret: SecretStr) -> SecretStr:
    """Accepts `whsec_` and 24 to 64 bytes in base64, as the standard wants; shows none of it."""
    prefix, _, text = secret.get_secret_value().rpartition("_")
    try:
        size_bytes = len(base64.b64decode(text, validate=True))
    except ValueError:
        size_bytes = 0
    if prefix != "whsec" or not 24 <= size_bytes <= 64:
        raise ValueError("must be 'whsec_' and 24 to 64 bytes in base64")
    return secret


WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
WebhookSecrets = Annotated[list[WebhookSecret], Field(min_length=1, max_length=2)]


class _Profile(Section):
    """What all profiles have: whose they are, and that secrets do not travel in the clear."""

    model_config = ConfigDict(validate_default=True)

    tenants: list[str] = Field(["default"])
    timeout_s: Seconds = 15

    @field_validator("allow_private_addresses", check_fields=False)
    @classmethod
    def _keeps_secrets(cls, allow_private_addresses: bool, others: ValidationInfo) -> bool:
        if others.data.get("base_url", "").startswith("http:") and not allow_private_addresses:
            raise ValueError("must be true where base_url is plain http: a server of your own")
        return allow_private_addresses


class SmhProfile(_Profile):
    """A library at Tencent SMH that tenants may take covers from, and where to leave covers.

    SMH has no call that sets a cover: `mode` says what is done instead.
    """

    base_url: BaseUrl = "https://api.tencentsmh.cn"
    library_id: Annotated[str, Field(min_length=1)]
    library_secret: SecretStr = SecretStr("")
    public_read: bool = False
    link_hosts: list[Annotated[str, Field(pattern=LINK_HOST)]] = Field(
        [".tencentsmhuc.cn", ".myqcloud.com", ".tencentcos.cn"]
    )
    allow_private_addresses: bool = False
    first: First = "oldest"
    token_period_s: Annotated[int, Field(ge=1200, le=315_360_000)] = 3600
    mode: Literal["none", "beside", "label"] = "none"
    calls_per_minute: CallsPerMinute = 600

    @field_validator("public_read")
    @classmethod
    def _has_a_way_in(cls, public_read: bool, others: ValidationInfo) -> bool:
        secret = others.data.get("library_secret")
        if not public_read and secret is not None and not secret.get_secret_value():
            raise ValueError("must be true where no library_secret is given")
        return public_read

    @field_validator("mode")
    @classmethod
    def _may_write(cls, mode: str, others: ValidationInfo) -> str:
        secret = others.data.get("library_secret")
        if mode != "none" and secret is not None and not secret.get_secret_value():
            raise ValueError("must be 'none' where no library_secret is given")
        return mode


class HuaweiProfile(_Profile):
    """A project at Huawei VOD.

    Credentials are an access key, or temporary ones from `credentials_url`; with `auth` `token`
    they are changed into an X-Auth-Token at `iam_url`.
    """

    base_url: BaseUrl
    project_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    security_token: SecretStr | None = None
    credentials_url: str | None = Field(None, repr=False)
    auth: Literal["aksk", "token"] = "aksk"
    iam_url: BaseUrl | None = None
    mode: Literal["url", "upload"] = "url"
    upload_hosts: list[Annotated[str, Field(pattern=LINK_HOST)]] = Field([".myhuaweicloud.com"])
    calls_per_minute: CallsPerMinute = 100
    reads_per_minute: CallsPerMinute = 1500
    allow_private_addresses: bool = False

    @model_validator(mode="after")
    def _has_credentials(self) -> "HuaweiProfile":
        if not self.credentials_url and not self.secret_key.get_secret_value():
            raise ValueError("access_key and secret_key, or credentials_url, are needed")
        if self.auth == "token" and self.iam_url is None:
            raise ValueError("iam_url is needed where auth is 'token'")
        return self


class AlibabaProfile(_Profile):
    """An account at Alibaba MPS or VOD; temporary credentials come from `credentials_url`."""

    base_url: BaseUrl
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    security_token: SecretStr | None = None
    credentials_url: str | None = Field(None, repr=False)
    signature: Literal["acs3", "rpc_v1"] = "acs3"
    calls_per_minute: CallsPerMinute = 6000
    reads_per_minute: CallsPerMinute = 6000
    allow_private_addresses: bool = False

    @model_validator(mode="after")
    def _has_credentials(self) -> "AlibabaProfile":
        if not self.credentials_url and not self.secret_key.get_secret_value():
            raise ValueError("access_key and secret_key, or credentials_url, are needed")
        return self


class AlibabaVodProfile(AlibabaProfile):
    """An account at Alibaba VOD, whose images may be sources: their URLs lead to `link_hosts`."""

    link_hosts: list[Annotated[str, Field(pattern=LINK_HOST)]] = Field([".aliyuncs.com"])


class WebhookProfile(_Profile):
    """An endpoint that is told of covers. Two secrets during a rotation: the new one first."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", repr=False)]
    secrets: WebhookSecrets
    calls_per_minute: CallsPerMinute = 6000
    allow_private_addresses: bool = False


class ProviderSettings(Section):
    """Profiles of providers by name: what a request names instead of addresses and secrets."""

    tencent_smh: dict[ProfileTable, SmhProfile] = Field({})
    huawei_vod: dict[ProfileTable, HuaweiProfile] = Field({})
    alibaba_mps: dict[ProfileTable, AlibabaProfile] = Field({})
    alibaba_vod: dict[ProfileTable, AlibabaVodProfile] = Field({})
    webhook: dict[ProfileTable, WebhookProfile] = Field({})

    def timeouts_s(self) -> Iterator[tuple[str, str, float]]:
        """Provider, profile and timeout of all whose targets can be looked at after a write."""
        for provider in ("tencent_smh", "huawei_vod", "alibaba_mps", "alibaba_vod"):
            for name, profile in getattr(self, provider).items():
                yield provider, name, profile.timeout_s


class RecordSettings(Section):
    """The ledger: attempts, how long an unknown outcome is waited out, resting, reconciling."""

    slots: Annotated[int, Field(ge=1, le=64)] = 8
    attempt_timeout_s: Seconds = 60
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 10
    max_age_s: Annotated[float, Field(gt=0)] = _DAY_S
    settle_s: Seconds = 20
    breaker_failures: Annotated[int, Field(ge=1)] = 5
    breaker_rest_s: Seconds = 30
    reconcile_every_s: Annotated[float, Field(gt=0)] | None = None
    mend: bool = False
    keep_s: Annotated[float, Field(gt=0)] = 30 * _DAY_S

    @model_validator(mode="after")
    def _outlives_orders(self) -> "RecordSettings":
        """What stands is known for as long as an older order may still come."""
        if self.keep_s <= self.max_age_s:
            raise ValueError(f"keep_s must be more than max_age_s, which is {self.max_age_s:.0f}")
        return self


class WebhookSettings(Section):
    """Callbacks of jobs: each tenant's signing secrets, the new one first during a rotation."""

    secrets: dict[str, WebhookSecrets] = Field({})
    slots: Annotated[int, Field(ge=1, le=64)] = 8
    timeout_s: Seconds = 20
    max_age_s: Annotated[float, Field(gt=0)] = 3 * _DAY_S
    allow_http: bool = False
    allow_private_addresses: bool = False
    allowed_ports: list[int] = Field([443])


class AccountSettings(Section):
    """Accounts of the served vendor APIs. `key` encrypts their secrets; the old ones still open."""

    key: Annotated[SecretStr, Field(min_length=16)] | None = None
    old_keys: list[SecretStr] = Field([])
    calls_per_second: Annotated[float, Field(gt=0)] = 100
    skew_s: Annotated[int, Field(gt=0, le=900)] = 900
    token_s: Annotated[int, Field(ge=60, le=86_400)] = 86_400
    upload_wait_s: Annotated[float, Field(ge=0, le=60)] = 10


class WatchSettings(Section):
    """Album watches: how often each is looked at, and how many looks a second in all."""

    every_s: Annotated[float, Field(gt=0)] = 300
    looks_per_second: Annotated[float, Field(gt=0)] = 5
    max_per_tenant: Annotated[int, Field(ge=1)] = 1000
