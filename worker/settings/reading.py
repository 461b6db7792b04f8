"""Reading the settings, once, from the environment and a TOML file.

`FIRSTFRAME_<SECTION>__<NAME>` wins over the file that `FIRSTFRAME_CONFIG` names, which wins over
the defaults of the sections. Every mistake is reported in one message.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from worker.registry import LIBRARIES
from worker.settings.providers import (
    AccountSettings,
    ProviderSettings,
    RecordSettings,
    WatchSettings,
    WebhookSettings,
)
from worker.settings.sections import (
    ApiSettings,
    DecodeSettings,
    DetectSettings,
    EncodeSettings,
    FetchSettings,
    LibrarySettings,
    LogSettings,
    RedisSettings,
    StoreSettings,
    WorkerSettings,
)
from worker.settings.snapshots import CatalogueSettings, SnapshotSettings

CONFIG_VARIABLE = "FIRSTFRAME_CONFIG"
PREFIX = "FIRSTFRAME_"


class SettingsError(Exception):
    """Every mistake in the settings, a line each: name, what is wrong, the default."""


class _Environment(EnvSettingsSource):
    """The environment; a list or table that is not JSON is left for validation to name."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Settings(BaseSettings):
    """All sections. Make one with `Settings.read()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    redis: RedisSettings = RedisSettings()
    store: StoreSettings = StoreSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    decode: DecodeSettings = DecodeSettings()
    fetch: FetchSettings = FetchSettings()
    detect: DetectSettings = DetectSettings()
    encode: EncodeSettings = EncodeSettings()
    libraries: LibrarySettings = LibrarySettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    providers: ProviderSettings = ProviderSettings()
    records: RecordSettings = RecordSettings()
    webhooks: WebhookSettings = WebhookSettings()
    accounts: AccountSettings = AccountSettings()
    watches: WatchSettings = WatchSettings()
    log: LogSettings = LogSettings()

    @field_validator("libraries")
    @classmethod
    def _can_be_kept(cls, libraries: LibrarySettings, others: ValidationInfo) -> LibrarySettings:
        store = others.data.get("store", StoreSettings())
        kind = libraries.kind or store.kind
        if kind not in LIBRARIES:
            known = ", ".join(sorted(LIBRARIES))
            raise ValueError(f"kind must be one of {known}: store.kind {kind!r} keeps no libraries")
        # The store's bucket is public in part, and keeps no versions.
        if kind == store.kind == "minio" and libraries.bucket == store.bucket:
            raise ValueError(f"bucket must not be store.bucket, which is {store.bucket!r}")
        return libraries

    @field_validator("records")
    @classmethod
    def _settles_after_calls(
        cls, records: RecordSettings, others: ValidationInfo
    ) -> RecordSettings:
        """Who has waited for `settle_s` writes: what still runs of a write would undo that."""
        providers = others.data.get("providers", ProviderSettings())
        for provider, name, timeout_s in providers.timeouts_s():
            if timeout_s >= records.settle_s:
                where = f"providers.{provider}.{name}.timeout_s, which is {timeout_s:g}"
                raise ValueError(f"settle_s {records.settle_s:g} must be more than {where}")
            if timeout_s >= records.attempt_timeout_s:
                where = f"providers.{provider}.{name}.timeout_s, which is {timeout_s:g}"
                most = f"attempt_timeout_s {records.attempt_timeout_s:g}"
                raise ValueError(f"{most} must be more than {where}")
        return records

    @field_validator("webhooks")
    @classmethod
    def _are_outlived(cls, webhooks: WebhookSettings, others: ValidationInfo) -> WebhookSettings:
        """What is told to endpoints is in the ledger, but is tried as long as callbacks are."""
        records = others.data.get("records", RecordSettings())
        if webhooks.max_age_s >= records.keep_s:
            raise ValueError(f"max_age_s must be less than records.keep_s, {records.keep_s:.0f}")
        providers = others.data.get("providers", ProviderSettings())
        for name, profile in providers.webhook.items():
            if profile.timeout_s > webhooks.timeout_s:
                where = f"providers.webhook.{name}.timeout_s, which is {profile.timeout_s:g}"
                raise ValueError(f"timeout_s {webhooks.timeout_s:g} must not be less than {where}")
        return webhooks

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given in code, then the environment, then the TOML file."""
        config = os.environ.get(CONFIG_VARIABLE)
        file = (TomlConfigSettingsSource(settings_cls, Path(config)),) if config else ()
        return (init_settings, _Environment(settings_cls), *file)

    @classmethod
    def read(cls) -> "Settings":
        """Read the environment and the file it names.

        Raises: SettingsError with one line for every mistake.
        """
        config = os.environ.get(CONFIG_VARIABLE)
        if config and not Path(config).is_file():
            raise SettingsError(f"{CONFIG_VARIABLE}: there is no file {config!r}")
        mistakes = _unknown_sections()
        try:
            settings = cls()
        except ValidationError as invalid:
            mistakes += [_mistake(tuple(map(str, e["loc"])), e["msg"]) for e in invalid.errors()]
        except tomllib.TOMLDecodeError as unreadable:
            mistakes.append(f"{CONFIG_VARIABLE}: {unreadable}")
        if mistakes:
            raise SettingsError("\n".join(["the settings have mistakes:", *mistakes]))
        return settings


def _unknown_sections() -> list[str]:
    """Variables that look like settings but name no section; pydantic passes over them."""
    names = [n for n in os.environ if n.startswith(PREFIX) and "__" in n]
    sections = ", ".join(sorted(Settings.model_fields))
    return [
        f"  {name}: no such section; the sections are {sections}"
        for name in sorted(names)
        if name.removeprefix(PREFIX).partition("__")[0].lower() not in Settings.model_fields
    ]


def _mistake(loc: tuple[str, ...], message: str) -> str:
    """One line: the setting's variable, what was expected, its default."""
    variable = PREFIX + "__".join(part.upper() for part in loc)
    return f"  {variable}: {message}{_default(loc)}"


def _default(loc: tuple[str, ...]) -> str:
    section: type[BaseModel] = Settings
    for part in loc[:-1]:
        field = section.model_fields.get(part)
        if field is None or not isinstance(field.default, BaseModel):
            return ""
        section = type(field.default)
    found = section.model_fields.get(loc[-1])
    if found is None:
        return f"; known names: {', '.join(sorted(section.model_fields))}"
    if isinstance(found.default, BaseModel):
        return f"; set its names, as in {PREFIX}{loc[-1].upper()}__<NAME>"
    return f" (default: {found.default})"
