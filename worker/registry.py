"""Names of adapters and where they live: name -> "module:Class", imported only when asked for."""

from importlib import import_module
from typing import Any, Final

SOURCES: Final = {
    "url": "worker.sources.http:HttpSource",
    "object": "worker.sources.object:ObjectSource",
    "upload": "worker.sources.upload:UploadSource",
    "image": "worker.sources.image:ImageSource",
    "smh": "worker.sources.smh:SmhSource",
    "alibaba_image": "worker.sources.alibaba_image:AlibabaImageSource",
    "entry": "worker.sources.entry:EntrySource",
    "path": "worker.sources.local:LocalSource",
    "stdin": "worker.sources.stdin:StdinSource",
}
DECODERS: Final = {
    "video": "worker.decoders.pyav:PyavDecoder",
    "still": "worker.decoders.still:StillDecoder",
}
SANDBOXES: Final = {
    "process": "worker.sandbox.decoder:SandboxedDecoder",
}
DETECTORS: Final = {
    "mediapipe": "worker.detectors.mediapipe:MediapipeDetector",
    "none": "worker.detectors.none:NoDetector",
}
ENCODERS: Final = {
    "jpeg": "worker.encoders.jpeg:JpegEncoder",
    "webp": "worker.encoders.pillow:WebpEncoder",
    "avif": "worker.encoders.pillow:AvifEncoder",
    "png": "worker.encoders.pillow:PngEncoder",
}
SHEETS: Final = {
    "sprite": "worker.sheets.sprite:SpriteSheetMaker",
}
INDEXES: Final = {
    "webvtt": "worker.sheets.webvtt:WebvttIndex",
    "hls": "worker.sheets.hls:HlsIndex",
    "dash": "worker.sheets.dash:DashIndex",
}
ANIMATORS: Final = {
    "webp": "worker.sheets.movies:WebpAnimator",
    "gif": "worker.sheets.gif:GifAnimator",
    "mp4": "worker.sheets.movies:Mp4Animator",
}
SCORERS: Final = {
    "telling": "worker.scorers.telling:TellingScorer",
}
STORES: Final = {
    "minio": "worker.stores.minio:MinioStore",
    "local": "worker.stores.local:LocalStore",
}
LIBRARIES: Final = {
    "minio": "worker.libraries.minio:MinioLibrary",
    "local": "worker.libraries.local:LocalLibrary",
}
PROVIDERS: Final = {
    "huawei_vod": "worker.providers.huawei_vod:HuaweiVodProvider",
    "alibaba_mps": "worker.providers.alibaba:AlibabaProvider",
    "alibaba_vod": "worker.providers.alibaba:AlibabaProvider",
    "tencent_smh": "worker.providers.tencent_smh:TencentSmhProvider",
    "webhook": "worker.providers.webhook:WebhookProvider",
    "firstframe": "worker.providers.firstframe:FirstframeProvider",
    "dry_run": "worker.providers.dry_run:DryRunProvider",
}
MESSENGERS: Final = {
    "webhook": "worker.net.webhooks:WebhookMessenger",
}
PUBLISHERS: Final = {
    "celery": "worker.broker:CeleryPublisher",
}
DESTINATIONS: Final = {
    "store": "worker.stores.destinations:StoreDestination",
    "folder": "worker.stores.destinations:FolderDestination",
}


def load(table: dict[str, str], name: str) -> Any:
    """The class that `table` lists under `name`.

    Raises: LookupError for an unknown name, naming the known ones.
    """
    if name not in table:
        raise LookupError(f"unknown name {name!r}; known: {', '.join(sorted(table))}")
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)
