"""Finished files, put and told; those of one attempt, encoded in the form that is asked for."""

import hashlib
from dataclasses import dataclass
from typing import Final

from worker.contracts.snapshot_results import FileInfo
from worker.jobs.timing import Stopwatch
from worker.ports import Destination, Encoder, Output, View

FOLDER: Final = "snapshots"


def put(destination: Destination, data: bytes, output: Output) -> FileInfo:
    """Put a file where it goes, and say what and where it is. Raises: StorageError."""
    placed = destination.put(data, output)
    return FileInfo(
        **placed._asdict(),
        content_type=output.content_type,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


@dataclass(frozen=True)
class Files:
    """Where an attempt's files go, and the form its pictures have."""

    destination: Destination
    encoder: Encoder
    quality: int
    watch: Stopwatch

    def encoded(self, view: View) -> bytes:
        """A picture file. Raises: ImageError."""
        with self.watch.stage("encode"):
            return self.encoder.encode(view, quality=self.quality)

    def put_picture(self, data: bytes, label: str) -> FileInfo:
        """Put what `encoded` gave. Raises: StorageError."""
        return self.put(data, label, self.encoder.extension, self.encoder.content_type)

    def put(self, data: bytes, label: str, extension: str, content_type: str) -> FileInfo:
        """Put any file. Raises: StorageError."""
        with self.watch.stage("store"):
            return put(self.destination, data, Output(FOLDER, label, extension, content_type))
