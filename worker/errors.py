"""The errors of Firstframe: one table says what each code means, one small tree carries them.

    CoverError
      RequestError    request.* auth.* account.* library.* job.* watch.* queue.*   the caller's side
      SourceError     source.*                                    the bytes could not be had
      MediaError      media.*                                     the bytes give no picture
      FaceError       face.*                                      detection
      ImageError      image.*                                     cropping and encoding
      StorageError    storage.*                                   the store
      ProviderError   provider.*  record.*                        recording covers at providers
      WebhookError    webhook.*                                   telling callback URLs
      WorkerError     worker.*  internal.*                        our own processes

An error knows its code; the code's row in `CODES` knows whether trying again helps and the HTTP
status for a caller who waits. `rules/retry.py` turns the row into a delay.
"""

from enum import Enum
from typing import NamedTuple, TypedDict


class Retry(Enum):
    """What the system does by itself after a failure with this code."""

    NEVER = "never"  # terminal
    BACKOFF = "backoff"  # tried again with growing delays
    ONCE = "once"  # one more try
    TWICE = "twice"  # two more tries
    WAIT = "wait"  # waits for a dependency without spending an attempt
    CALLER = "caller"  # the caller may try again; no job exists


class CodeRow(NamedTuple):
    retry: Retry
    http_status: int
    meaning: str


CODES: dict[str, CodeRow] = {
    "request.invalid": CodeRow(Retry.NEVER, 422, "The request is malformed or a field is wrong."),
    "request.not_found": CodeRow(
        Retry.NEVER, 404, "There is no such job, upload, picture or object."
    ),
    "request.content_type": CodeRow(Retry.NEVER, 415, "The content type is not accepted here."),
    "request.too_large": CodeRow(Retry.NEVER, 413, "The request body is over the limit."),
    "request.timeout": CodeRow(Retry.CALLER, 408, "The request's body stopped coming."),
    "request.not_available": CodeRow(Retry.NEVER, 422, "This build does not have that feature."),
    "job.state": CodeRow(Retry.NEVER, 409, "The job's status does not allow that."),
    "job.cancelled": CodeRow(Retry.NEVER, 409, "The job was cancelled."),
    "job.superseded": CodeRow(Retry.NEVER, 409, "Another attempt has taken the job over."),
    "auth.invalid": CodeRow(Retry.NEVER, 401, "The key is missing or wrong."),
    "auth.forbidden": CodeRow(Retry.NEVER, 403, "This caller may not do that."),
    "account.not_found": CodeRow(Retry.NEVER, 404, "There is no such account."),
    "account.conflict": CodeRow(Retry.NEVER, 409, "There is an account of that name already."),
    "account.key": CodeRow(
        Retry.NEVER, 500, "Neither accounts.key nor one of accounts.old_keys opens the secret."
    ),
    "library.not_found": CodeRow(
        Retry.NEVER, 404, "There is no such library, space, directory, file or upload."
    ),
    "library.conflict": CodeRow(
        Retry.NEVER, 409, "The library already has something of that name or id."
    ),
    "library.full": CodeRow(Retry.NEVER, 409, "The library has as many spaces as it may have."),
    "library.bad_checksum": CodeRow(
        Retry.NEVER, 422, "The bytes that came have another checksum than was told."
    ),
    "watch.full": CodeRow(
        Retry.NEVER, 409, "There are as many watches over albums as there may be."
    ),
    "queue.unavailable": CodeRow(Retry.CALLER, 503, "Jobs cannot be taken just now."),
    "source.url_not_allowed": CodeRow(
        Retry.NEVER, 422, "The URL's scheme, port or form is not allowed."
    ),
    "source.address_blocked": CodeRow(Retry.NEVER, 422, "The source cannot be fetched from here."),
    "source.not_allowed": CodeRow(Retry.NEVER, 422, "This kind of source is not allowed here."),
    "source.dns_failed": CodeRow(Retry.ONCE, 502, "The source's host name does not resolve."),
    "source.unreachable": CodeRow(Retry.BACKOFF, 502, "The source's host cannot be reached."),
    "source.tls": CodeRow(Retry.NEVER, 502, "The source's certificate is not valid."),
    "source.forbidden": CodeRow(Retry.NEVER, 424, "The source refuses access."),
    "source.not_found": CodeRow(Retry.ONCE, 424, "The source does not exist."),
    "source.throttled": CodeRow(Retry.BACKOFF, 503, "The source asks to come back later."),
    "source.server_error": CodeRow(Retry.BACKOFF, 502, "The source's server failed."),
    "source.rejected": CodeRow(Retry.NEVER, 424, "The source's server refuses the request."),
    "source.redirects": CodeRow(Retry.NEVER, 422, "The source redirects too often."),
    "source.timeout": CodeRow(Retry.TWICE, 504, "The source is too slow."),
    "source.too_large": CodeRow(Retry.NEVER, 413, "The source is larger than allowed."),
    "source.truncated": CodeRow(Retry.ONCE, 502, "The source sent fewer bytes than announced."),
    "source.changed": CodeRow(Retry.ONCE, 502, "The source changed while it was read."),
    "source.empty": CodeRow(Retry.ONCE, 422, "The source has no bytes."),
    "source.unreadable": CodeRow(Retry.NEVER, 424, "The source cannot be read."),
    "media.not_media": CodeRow(
        Retry.NEVER, 415, "The bytes are neither a picture nor a video we read."
    ),
    "media.corrupt": CodeRow(Retry.NEVER, 422, "The medium is damaged or cut short."),
    "media.no_video_stream": CodeRow(Retry.NEVER, 422, "The medium has no video stream."),
    "media.encrypted": CodeRow(Retry.NEVER, 422, "The medium is encrypted."),
    "media.no_frames": CodeRow(Retry.NEVER, 422, "The video has no frame that can be shown."),
    "media.unsupported_codec": CodeRow(Retry.NEVER, 415, "The medium's codec is not supported."),
    "media.not_video": CodeRow(Retry.NEVER, 422, "The medium is a picture; that needs a video."),
    "media.no_duration": CodeRow(
        Retry.NEVER, 422, "The video does not tell how long it is, and its end was not found."
    ),
    "media.time_beyond_end": CodeRow(
        Retry.NEVER, 422, "A time that was asked for is beyond the end of the video."
    ),
    "media.frames_missing": CodeRow(
        Retry.NEVER, 422, "Too few of the frames that were asked for could be read."
    ),
    "media.too_many_pixels": CodeRow(Retry.NEVER, 422, "The picture has more pixels than allowed."),
    "media.too_small": CodeRow(Retry.NEVER, 422, "The picture has no pixels."),
    "media.resource_limit": CodeRow(
        Retry.NEVER, 422, "Reading the medium takes more memory than allowed."
    ),
    "media.decode_timeout": CodeRow(Retry.ONCE, 504, "Decoding takes too long."),
    "media.decoder_crashed": CodeRow(Retry.ONCE, 500, "The decoder died on this medium."),
    "face.detector_failed": CodeRow(Retry.ONCE, 500, "Face detection failed."),
    "face.model_invalid": CodeRow(
        Retry.NEVER, 503, "The face model is missing or not the pinned one."
    ),
    "image.encode_failed": CodeRow(Retry.ONCE, 500, "The picture could not be encoded."),
    "storage.unavailable": CodeRow(Retry.BACKOFF, 503, "The store cannot be reached."),
    "storage.full": CodeRow(Retry.WAIT, 507, "The store is full."),
    "storage.misconfigured": CodeRow(Retry.WAIT, 500, "The store cannot be used as it is set up."),
    "storage.integrity": CodeRow(Retry.ONCE, 500, "The store gave back other bytes than were put."),
    "provider.not_allowed": CodeRow(
        Retry.NEVER, 422, "There is no such provider profile for this caller."
    ),
    "provider.url_unfit": CodeRow(
        Retry.NEVER, 422, "The provider does not take cover URLs of that form."
    ),
    "provider.unsupported": CodeRow(
        Retry.NEVER, 422, "The provider has no call for that, or the profile does not use it."
    ),
    "provider.rejected": CodeRow(Retry.NEVER, 424, "The provider refuses the request."),
    "provider.not_found": CodeRow(Retry.NEVER, 424, "The provider does not have the target."),
    "provider.auth": CodeRow(Retry.WAIT, 424, "The provider refuses our credentials."),
    "provider.conflict": CodeRow(
        Retry.ONCE, 409, "The provider shows another cover than was just recorded."
    ),
    "provider.throttled": CodeRow(Retry.WAIT, 503, "The provider asks to come back later."),
    "provider.unavailable": CodeRow(
        Retry.BACKOFF, 502, "The provider cannot be reached or failed."
    ),
    "provider.paused": CodeRow(
        Retry.WAIT, 503, "The provider failed so often that it is left alone for a while."
    ),
    "record.waiting": CodeRow(
        Retry.WAIT, 503, "Another cover is just being recorded at that target."
    ),
    "record.no_cover": CodeRow(
        Retry.NEVER, 424, "The job that was to make the cover did not succeed."
    ),
    "webhook.delivery_failed": CodeRow(
        Retry.BACKOFF, 502, "The callback URL did not take the delivery."
    ),
    "webhook.disabled": CodeRow(
        Retry.NEVER, 424, "The callback URL has said that it is gone (410)."
    ),
    "webhook.url_blocked": CodeRow(Retry.NEVER, 422, "The callback URL may not be called."),
    "worker.lost": CodeRow(Retry.NEVER, 500, "The worker died each time it ran this job."),
    "worker.timeout": CodeRow(Retry.ONCE, 504, "The attempt ran into its deadline."),
    "internal.error": CodeRow(
        Retry.ONCE, 500, "Something failed that should not; the log has the details."
    ),
}


class Facts(TypedDict):
    """What callers are told of a failure."""

    code: str
    message: str
    retryable: bool
    stage: str


class CoverError(Exception):
    """A failure with a stable code and a text that may be shown to anyone.

    `delay_s` is how long the other side asked us to wait (`Retry-After`), where it did.
    `stage` defaults to the code's first word: source, media, face, image, storage, worker, ….
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        stage: str | None = None,
        delay_s: float | None = None,
    ) -> None:
        self.row = CODES[code]
        self.code = code
        self.message = message or self.row.meaning
        self.stage = stage or code.partition(".")[0]
        self.delay_s = delay_s
        super().__init__(f"{code}: {self.message}")

    @property
    def retryable(self) -> bool:
        """Whether trying the same thing again can help."""
        return self.row.retry is not Retry.NEVER

    def facts(self) -> Facts:
        """What callers are told of it."""
        return Facts(
            code=self.code, message=self.message, retryable=self.retryable, stage=self.stage
        )


class RequestError(CoverError):
    """The caller asked for something that cannot be done."""


class SourceError(CoverError):
    """The medium's bytes could not be had."""


class MediaError(CoverError):
    """The bytes give no picture."""


class FaceError(CoverError):
    """Faces could not be looked for."""


class ImageError(CoverError):
    """The cover could not be made from the frame."""


class StorageError(CoverError):
    """The store did not keep or give the bytes."""


class ProviderError(CoverError):
    """A cover could not be recorded at a provider.

    `unsure` when the call may have taken effect all the same: its outcome is unknown.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        stage: str | None = None,
        delay_s: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(code, message, stage=stage, delay_s=delay_s)
        self.unsure = unsure


class WebhookError(CoverError):
    """A callback URL could not be told."""


class WorkerError(CoverError):
    """One of our own processes failed."""


_FAMILIES: dict[str, type[CoverError]] = {
    "source": SourceError,
    "media": MediaError,
    "face": FaceError,
    "image": ImageError,
    "storage": StorageError,
    "provider": ProviderError,
    "record": ProviderError,
    "webhook": WebhookError,
    "worker": WorkerError,
    "internal": WorkerError,
}


def error_of(code: str, message: str, *, stage: str | None = None) -> CoverError:
    """The error of the family that `code` belongs to, for errors that crossed a process border."""
    return _FAMILIES.get(code.partition(".")[0], RequestError)(code, message, stage=stage)
