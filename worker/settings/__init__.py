"""The settings: typed sections, read once."""

from worker.settings.reading import CONFIG_VARIABLE, PREFIX, Settings, SettingsError
from worker.settings.sections import (
    CLAIM_PATIENCE_S,
    END_PATIENCE_S,
    ApiSettings,
    DecodeSettings,
    DetectSettings,
    EncodeSettings,
    FetchSettings,
    LibrarySettings,
    LogSettings,
    ObjectBucketSettings,
    ProviderSettings,
    RedisSettings,
    Section,
    SmhProfile,
    StoreSettings,
    WorkerSettings,
)
from worker.settings.snapshots import CatalogueSettings, SnapshotSettings

__all__ = [
    "CLAIM_PATIENCE_S",
    "CONFIG_VARIABLE",
    "END_PATIENCE_S",
    "PREFIX",
    "ApiSettings",
    "CatalogueSettings",
    "DecodeSettings",
    "DetectSettings",
    "EncodeSettings",
    "FetchSettings",
    "LibrarySettings",
    "LogSettings",
    "ObjectBucketSettings",
    "ProviderSettings",
    "RedisSettings",
    "Section",
    "Settings",
    "SettingsError",
    "SmhProfile",
    "SnapshotSettings",
    "StoreSettings",
    "WorkerSettings",
]
