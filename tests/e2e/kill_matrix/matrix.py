"""All rounds of the matrix, some beside each other, and the table of their counts."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tests.e2e.kill_matrix.cases import FATES, STEPS, cases_of
from tests.e2e.kill_matrix.fleet import WORKERS, TooSlowError, awaited, fleet
from tests.e2e.kill_matrix.rounds import run_round
from tests.e2e.kill_matrix.verdicts import Verdict, judged, leftovers
from tests.redis_server import RedisServer

RUNS: Final = int(os.environ.get("KILL_MATRIX_RUNS", "5"))
# A round mostly waits for leases to run out and for writes to settle.
FLEETS: Final = 2
LONGEST_ROUND_S: Final = 60
MOST_REPEATED: Final = 3
_HEAD: Final = (
    *("killed at", "call is", "runs", "writes seen", "carried out", "net changes", "of newest"),
    *("recorded", "superseded", "other", "mistakes"),
)


class Matrix(NamedTuple):
    """The verdicts of all runs, how many workers died for them, what lanes held in the end.

    Rounds are `repeated` that say nothing, since the machine was too slow for them.
    """

    verdicts: list[Verdict]
    killed: int
    leftovers: list[str]
    repeated: int


def run_matrix(folder: Path, server: RedisServer, rounds: int) -> Matrix:
    """So many runs of each case, with a fleet for each share of the rounds."""

    def share(first: int) -> Matrix:
        own = folder / f"fleet-{first}"
        own.mkdir()
        return _share(own, server.url(first), range(first, rounds, FLEETS))

    with ThreadPoolExecutor(FLEETS) as pool:
        shares = list(pool.map(share, range(FLEETS)))
    return Matrix(
        [verdict for each in shares for verdict in each.verdicts],
        sum(each.killed for each in shares),
        [text for each in shares for text in each.leftovers],
        sum(each.repeated for each in shares),
    )


def _share(folder: Path, redis_url: str, rounds: Sequence[int]) -> Matrix:
    verdicts: list[Verdict] = []
    waiting, turn, repeated = list(rounds), 0, 0
    with fleet(folder, redis_url) as here:
        victims = here.crew(turn)
        while waiting:
            turn += 1
            # Who takes over from the victims of one round are those of the next.
            successors = here.crew(turn)
            try:
                runs = run_round(here, victims, successors, cases_of(waiting[0]), turn)
            except TooSlowError:
                repeated += 1
                if repeated > MOST_REPEATED:
                    raise
                here.clear()
                victims = here.crew(turn)
                continue
            verdicts += judged(here, runs)
            victims = successors
            waiting.pop(0)
        awaited(lambda: not leftovers(here), "lanes to be empty", fails=False)
        return Matrix(verdicts, WORKERS * len(rounds), leftovers(here), repeated)


def table_of(matrix: Matrix) -> Iterator[str]:
    """The counts, a line for each step and fate."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for step in STEPS:
        for fate in FATES:
            chosen = [v for v in matrix.verdicts if (v.case.step, v.case.fate) == (step, fate)]
            rows.append((step.name, fate, *_counts(chosen)))
    rows.append(("all", "", *_counts(matrix.verdicts)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells)
    late = [verdict for verdict in matrix.verdicts if verdict.case.fate == "late"]
    taken_up = sum(verdict.is_taken_up for verdict in late)
    yield (
        f"{matrix.killed} workers killed; all {len(late)} late calls went on after the next worker "
        f"had begun, {taken_up} of them after it had taken the record up; "
        f"{matrix.repeated} rounds repeated, for which this machine was too slow."
    )


def _counts(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    states = [state for verdict in verdicts for state in verdict.states.values()]
    ended = [states.count("recorded"), states.count("superseded")]
    counts = (
        *(len(verdicts), sum(v.writes for v in verdicts), sum(v.effects for v in verdicts)),
        *(sum(len(v.stood) for v in verdicts), sum(v.stood.count(v.newest) for v in verdicts)),
        *(*ended, len(states) - sum(ended), sum(len(v.mistakes) for v in verdicts)),
    )
    return tuple(map(str, counts))
