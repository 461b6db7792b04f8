"""The library that needs no server: versions of files in one folder, served by the API."""

import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Final

from worker.contracts.libraries import Entry, Leftover, Place, Version, VersionDraft
from worker.disk import Disk, Written, chunks_of, sync_folder, translated
from worker.errors import RequestError, StorageError
from worker.ports import LinkLook
from worker.rules.library_keys import (
    check_entry,
    check_link,
    document_of,
    draft_text,
    entry_key,
    entry_of,
    is_entry,
    is_place,
    look_query,
    signed_text,
    space_prefix,
    version_of,
)
from worker.signing import links

# A number that grows by one, so that names sort by age whatever the clock says, and chance, so
# that no link to a version that was deleted ever leads to another.
_VERSION_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{16}")
_FACTS: Final = ".json"
_DOCUMENT: Final = "entry.json"
# Writers take turns at what takes moments; who takes longer is stopped, or its disk is.
_MAX_WAIT_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.01


class LocalLibrary:
    """Files below `folder`, which must exist; links lead below `public_base_url`.

    `{library}/{space}/{entry}/` has a file for each version, the version's facts beside it, which
    make it seen, and the entry's document.
    """

    served_here = True

    def __init__(self, *, folder: Path, public_base_url: str, link_secret: str | None) -> None:
        self._disk = Disk(folder)
        self._public_base_url = public_base_url.rstrip("/")
        self._link_secret = link_secret or ""

    def put(self, place: Place, entry_id: str, file: Path, draft: VersionDraft) -> Version:
        check_entry(place, entry_id)
        text = draft_text(draft)
        newest = self.newest(place, entry_id)
        if newest and newest.transfer == draft.transfer:
            return newest
        with (
            file.open("rb") as given,
            translated(),
            self._disk.written(chunks_of(given), algorithm="md5") as written,
        ):
            if written.path.stat().st_size != draft.size_bytes:
                raise StorageError("storage.integrity", "the file is not as long as was said")
            # A large file is written before, so that nobody waits for it.
            with self._alone(place, entry_id) as folder:
                return self._shown(folder, written, transfer=draft.transfer, text=text)

    def _shown(self, folder: Path, written: Written, *, transfer: str, text: str) -> Version:
        """The bytes as the newest version, unless the same put was first."""
        names = set(_names_in(folder))
        newest = next(_versions_in(folder, names), None)
        if newest and newest.transfer == transfer:
            return newest
        _remove_unseen(folder, names)
        version_id = _id_after(newest)
        written.show(folder / version_id)
        version = version_of(text, version_id=version_id, etag=f'"{written.digest}"')
        # From here on the version is seen.
        facts = version.model_dump_json().encode()
        self._disk.write(folder / f"{version_id}{_FACTS}", (facts,))
        return version

    def version(self, place: Place, entry_id: str, version_id: str) -> Version | None:
        if not _VERSION_ID.fullmatch(version_id):
            return None
        with translated():
            folder = self._folder_of(place, entry_id)
            return _version_in(folder, version_id) if folder else None

    def newest(self, place: Place, entry_id: str) -> Version | None:
        with translated():
            folder = self._folder_of(place, entry_id)
            return next(_versions_in(folder), None) if folder else None

    def versions(self, place: Place, entry_id: str, *, since: str | None = None) -> list[Version]:
        with translated():
            folder = self._folder_of(place, entry_id)
            found = _versions_in(folder) if folder else iter(())
            return list(takewhile(lambda version: version.id != since, found))

    def read(
        self, place: Place, entry_id: str, version_id: str, *, offset: int, length: int
    ) -> bytes:
        if self.version(place, entry_id, version_id) is None:
            raise RequestError("request.not_found")
        with translated():
            try:
                with (self._path_of(place, entry_id) / version_id).open("rb") as file:
                    file.seek(offset)
                    return file.read(max(length, 0))
            except FileNotFoundError as gone:
                raise RequestError("request.not_found") from gone

    def link(self, place: Place, entry_id: str, version: Version, *, look: LinkLook) -> str:
        check_link(place, entry_id, expires_s=look.expires_s)
        if not _VERSION_ID.fullmatch(version.id):
            raise RequestError("request.invalid", "no version can have that id")
        if not self._link_secret:
            raise StorageError("storage.misconfigured", "the store has no secret for links")
        key = f"{entry_key(place, entry_id)}/{version.id}"
        shown = look_query(look.name, attachment=look.attachment)
        signed = links.sign(
            method="GET",
            key=signed_text(key, shown),
            expires_s=int(time.time()) + look.expires_s,
            secret=self._link_secret,
        )
        return f"{self._public_base_url}/{key}?{shown}&{signed}"

    def note(self, entry: Entry) -> None:
        document = document_of(entry)
        with translated(), self._alone(entry.place, entry.id) as folder:
            self._disk.write(folder / _DOCUMENT, (document,))

    def entries(self, place: Place) -> Iterator[Entry]:
        with translated():
            for entry_id in self._ids(place):
                entry = self._entry(place, entry_id)
                if entry:
                    yield entry

    def leftovers(self, place: Place) -> Iterator[Leftover]:
        with translated():
            for entry_id in self._ids(place):
                folder = self._folder_of(place, entry_id)
                if folder and self._entry(place, entry_id) is None:
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        yield Leftover(entry_id, folder.stat().st_mtime)

    def forget(self, place: Place, entry_id: str) -> None:
        with translated():
            if self._folder_of(place, entry_id):
                with self._alone(place, entry_id) as folder:
                    (folder / _DOCUMENT).unlink(missing_ok=True)
                    sync_folder(folder)

    def delete(self, place: Place, entry_id: str) -> None:
        with translated():
            if self._folder_of(place, entry_id):
                with self._alone(place, entry_id) as folder:
                    self._disk.remove_tree(folder)

    def clear(self, place: Place) -> None:
        if not is_place(place):
            return
        with translated():
            self._disk.check_there()
            for entry_id in list(_names_in(self._disk.folder / space_prefix(place))):
                self.delete(place, entry_id)

    def delete_version(self, place: Place, entry_id: str, version_id: str) -> None:
        if self.version(place, entry_id, version_id) is None:
            return
        with translated(), self._alone(place, entry_id) as folder:
            # Without its facts a version is not seen.
            (folder / f"{version_id}{_FACTS}").unlink(missing_ok=True)
            (folder / version_id).unlink(missing_ok=True)
            if next(_versions_in(folder, _names_in(folder)), None) is None:
                self._disk.remove_tree(folder)
            else:
                sync_folder(folder)

    def _ids(self, place: Place) -> Iterator[str]:
        """The names of what lies in a space; not all need be entries."""
        if is_place(place):
            self._disk.check_there()
            yield from _names_in(self._disk.folder / space_prefix(place))

    def _entry(self, place: Place, entry_id: str) -> Entry | None:
        """The entry in its folder; None for what is not one, or not yet, or not any more."""
        folder = self._folder_of(place, entry_id)
        document = _bytes_of(folder / _DOCUMENT) if folder else None
        if folder is None or document is None:
            return None
        entry = entry_of(document, place=place, entry_id=entry_id)
        if entry.kind == "dir":
            return entry
        newest = next(_versions_in(folder), None)
        return entry.model_copy(update={"version": newest}) if newest else None

    def _path_of(self, place: Place, entry_id: str) -> Path:
        return self._disk.folder / entry_key(place, entry_id)

    def _folder_of(self, place: Place, entry_id: str) -> Path | None:
        """The entry's folder if it has one, reached without a symbolic link."""
        self._disk.check_there()
        if not is_entry(place, entry_id):
            return None
        folder = self._path_of(place, entry_id)
        return folder if folder.resolve() == folder and folder.is_dir() else None

    @contextmanager
    def _alone(self, place: Place, entry_id: str) -> Iterator[Path]:
        """The entry's folder, made where it is missing, with no other writer until the end.

        Raises: StorageError `storage.unavailable` where another writer keeps it.
        """
        self._disk.check_there()
        folder = self._path_of(place, entry_id)
        until_s = time.monotonic() + _MAX_WAIT_S
        while True:
            self._disk.make_folders(folder)
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:  # deleted as soon as it was made
                continue
            try:
                _lock(descriptor, until_s)
                if _is_at(descriptor, folder):  # not deleted while this one waited
                    yield folder
                    return
            finally:
                os.close(descriptor)


def _lock(descriptor: int, until_s: float) -> None:
    """Lock for writing. Raises: StorageError when that lasts until `until_s` (monotonic)."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            if time.monotonic() >= until_s:
                text = "another writer keeps the entry"
                raise StorageError("storage.unavailable", text) from held
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _is_at(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def _id_after(newest: Version | None) -> str:
    number = int(newest.id.partition("-")[0], 16) + 1 if newest else 1
    return f"{number:08x}-{secrets.token_hex(8)}"


def _names_in(folder: Path) -> Iterator[str]:
    """The names in a folder as they come: a large one is never all in memory."""
    try:
        with os.scandir(folder) as found:
            for each in found:
                yield each.name
    except (FileNotFoundError, NotADirectoryError):
        return


def _versions_in(folder: Path, names: Iterable[str] | None = None) -> Iterator[Version]:
    """Newest first; the folder is not listed where its names are told."""
    names = _names_in(folder) if names is None else names
    ids = (name.removesuffix(_FACTS) for name in names if name.endswith(_FACTS))
    for version_id in sorted(filter(_VERSION_ID.fullmatch, ids), reverse=True):
        version = _version_in(folder, version_id)
        if version:
            yield version


def _version_in(folder: Path, version_id: str) -> Version | None:
    facts = _bytes_of(folder / f"{version_id}{_FACTS}")
    if facts is None:
        return None
    try:
        return Version.model_validate_json(facts)
    except ValueError as error:
        raise StorageError("storage.integrity", f"version {version_id} is damaged") from error


def _bytes_of(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _remove_unseen(folder: Path, names: set[str]) -> None:
    """Bytes without facts, which a crash has left among the folder's names."""
    for version_id in filter(_VERSION_ID.fullmatch, names):
        if f"{version_id}{_FACTS}" not in names:
            (folder / version_id).unlink(missing_ok=True)
