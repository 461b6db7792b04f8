"""What a slot does for a job of each kind: its story, with its source, its files and its ends."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, NamedTuple

from worker import wiring
from worker.contracts.jobs import AnyResult, AttemptedJob
from worker.contracts.names import Visibility
from worker.contracts.plans import PlanRequest, PlanResult
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import ChecksumResult, CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRequest
from worker.errors import CoverError, MediaError
from worker.jobs.checksum import ChecksumStory
from worker.jobs.cover import CoverStory
from worker.jobs.opening import KnownMedia, Opening
from worker.jobs.plan import PlanStory
from worker.jobs.snapshot import SnapshotStory
from worker.ports import Destination
from worker.rules.fingerprints import version_of
from worker.rules.visibility import Pictured
from worker.settings import Settings
from worker.state.catalogue import Catalogue
from worker.state.leases import Lease
from worker.state.references import JobReferences
from worker.wiring import State
from worker.wiring.stores import OpenDestination

Run = Callable[[AttemptedJob, Lease], AnyResult]


class Stories(NamedTuple):
    """The stories that a slot can tell; one decode child and one detector for all."""

    cover: CoverStory
    snapshot: SnapshotStory
    plan: PlanStory
    checksum: Callable[[], ChecksumStory]


class Ways(NamedTuple):
    """How sources are opened, by the limits of covers and of long jobs, and where files go."""

    opener: wiring.OpenSource
    long_opener: wiring.OpenSource
    destination: OpenDestination


class Place(NamedTuple):
    """Where the files of a job go, who may read them, and who notes that the job needs them."""

    visibility: Visibility
    refer: JobReferences
    destination: Destination


def runner(settings: Settings, state: State, *, on_hang: Callable[[], None]) -> Run:
    """What runs an attempt, by the kind of its job.

    `on_hang` is called before a hung detector ends the process.
    """
    attempts = Attempts(settings, state, on_hang)
    by_kind: Mapping[type, Callable[[AttemptedJob, Any, Lease], AnyResult]] = {
        CoverRequest: attempts.cover,
        SnapshotRequest: attempts.snapshots,
        PlanRequest: attempts.plan,
        ChecksumRequest: attempts.checksum,
    }

    def run(job: AttemptedJob, lease: Lease) -> AnyResult:
        return by_kind[type(job.request)](job, job.request, lease)

    return run


class Attempts:
    """Attempts at jobs of all kinds, each under the lease that is given with it."""

    def __init__(self, settings: Settings, state: State, on_hang: Callable[[], None]) -> None:
        self._settings = settings
        self._state = state
        covers = wiring.cover_parts(settings, on_hang=on_hang)
        self._media = KnownMedia(covers.decoder)
        self._stories = _stories(settings, state, covers._replace(decoder=self._media))
        self._ways = Ways(
            wiring.source_opener(settings, state.uploads, state.images),
            wiring.source_opener(settings, state.uploads, state.images, long=True),
            wiring.store_destination(settings),
        )
        self._catalogue: Catalogue = wiring.catalogue(state, wiring.store(settings))

    def cover(self, job: AttemptedJob, wanted: CoverRequest, lease: Lease) -> CoverResult:
        """Make covers, or answer from those that were made before."""
        opening, place = self._opening(job, wanted), self._place(job, wanted)
        with self._seen(job, opening):
            result = self._stories.cover.run(
                wanted,
                open_source=opening,
                destination=place.destination,
                attempt=lease,
                without_faces=job.without_faces,
                results=self._state.results.of(job.tenant, place.visibility, refer=place.refer),
            )
        self._catalogue.keep(job, result, opening.fingerprint)
        return result.model_copy(update={"source_version": version_of(opening.fingerprint)})

    def snapshots(self, job: AttemptedJob, wanted: SnapshotRequest, lease: Lease) -> SnapshotResult:
        """Make snapshots, or answer from those that were made before."""
        opening, place = self._opening(job, wanted), self._place(job, wanted)
        results = self._state.snapshot_results
        with self._seen(job, opening):
            result = self._stories.snapshot.run(
                wanted,
                open_source=opening,
                destination=place.destination,
                attempt=lease,
                without_faces=job.without_faces,
                results=results.of(job.tenant, place.visibility, refer=place.refer),
            )
        self._catalogue.keep(job, result, opening.fingerprint)
        return result

    def plan(self, job: AttemptedJob, wanted: PlanRequest, lease: Lease) -> PlanResult:
        """Forecast a job; it is known whether all was made before."""

        def cached(fingerprint: str) -> bool:
            visibility, state = self._visibility(job, wanted.wanted), self._state
            if wanted.cover:
                covers = state.results.of(job.tenant, visibility)
                return covers.find(fingerprint, wanted.cover) is not None
            assert wanted.snapshots is not None
            snapshots = state.snapshot_results.of(job.tenant, visibility)
            return snapshots.find(fingerprint, wanted.snapshots) is not None

        opening = self._opening(job, wanted.wanted)
        story = self._stories.plan
        with self._seen(job, opening):
            result = story.run(wanted, open_source=opening, attempt=lease, cached=cached)
        self._catalogue.keep(job, result, opening.fingerprint)
        return result

    def checksum(self, job: AttemptedJob, wanted: ChecksumRequest, lease: Lease) -> ChecksumResult:
        """Make an upload to a library a version there."""
        return self._stories.checksum().run(wanted, tenant=job.tenant, attempt=lease)

    @contextmanager
    def _seen(self, job: AttemptedJob, opening: Opening) -> Iterator[None]:
        """Keep the medium that an attempt failed over in the catalogue, if it was opened at all."""
        self._media.last = None
        try:
            yield
        except MediaError:
            if opening.label and self._media.last:
                with suppress(CoverError):  # the failure itself is what is told
                    self._catalogue.see(job, opening.label, self._media.last, opening.fingerprint)
            raise

    def _opening(self, job: AttemptedJob, wanted: Pictured) -> Opening:
        is_long = isinstance(wanted, SnapshotRequest)
        open_source = self._ways.long_opener if is_long else self._ways.opener
        return Opening(lambda: open_source(job.tenant, wanted.source))

    def _place(self, job: AttemptedJob, wanted: Pictured) -> Place:
        visibility = self._visibility(job, wanted)
        refer = self._state.references.of_job(job.tenant, job.id)
        return Place(visibility, refer, self._ways.destination(job.tenant, visibility, refer))

    def _visibility(self, job: AttemptedJob, wanted: Pictured) -> Visibility:
        return wiring.visibility(self._settings, self._state.libraries, job.tenant, wanted)


def _stories(settings: Settings, state: State, covers: wiring.CoverParts) -> Stories:
    sides = (state.transfers, state.entries)
    return Stories(
        CoverStory(*covers),
        SnapshotStory(*wiring.snapshot_parts(settings, covers)),
        PlanStory(*wiring.plan_parts(settings, covers)),
        # Loads the library's adapter, which most slots never need.
        cache(lambda: ChecksumStory(*wiring.checksum_parts(settings, *sides))),
    )
