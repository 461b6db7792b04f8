"""What the matrix is made of: where a worker is killed, what becomes of what it was about to do."""

from typing import Final, Literal, NamedTuple

Fate = Literal["lost", "late"]
Meanwhile = Literal["alone", "newer comes", "newer overtakes", "older waits"]
Moment = Literal["begun", "taken up", "last"]


class Step(NamedTuple):
    """Where a call of the victim is held: a script of Redis by its name, or a vendor's call.

    By then the vendor has been asked for so many `writes`, and carried out so many `effects`.
    """

    name: str
    place: Literal["redis", "vendor"]
    call: str
    when: Literal["before", "after"]
    writes: int
    effects: int


CLAIM: Final = Step("claim", "redis", "claim", "before", 0, 0)
STEPS: Final = (
    CLAIM,
    Step("claim taken", "redis", "claim", "after", 0, 0),
    Step("before the write is noted", "redis", "writes", "before", 0, 0),
    Step("before the write", "vendor", "write", "before", 1, 0),
    Step("after the write", "vendor", "write", "after", 1, 1),
    Step("before the answer is noted", "redis", "written", "before", 1, 1),
    Step("before verify", "vendor", "read", "before", 1, 1),
    Step("before the ledger update", "redis", "stands", "before", 1, 1),
    Step("before the end", "redis", "finish", "before", 1, 1),
)
FATES: Final[tuple[Fate, ...]] = ("lost", "late")
MEANWHILES: Final[tuple[Meanwhile, ...]] = ("alone", "newer comes", "older waits")
OVERTAKEN: Final = ("before the write", "after the write", "before verify")
MOMENTS: Final[tuple[Moment, ...]] = ("begun", "taken up", "last")
VENDORS: Final = ("huawei-url", "huawei-upload", "alibaba-mps", "alibaba-vod")


class Case(NamedTuple):
    """One run: a worker dies with a call held at `step`.

    `fate`: the call is dropped with its caller, or goes on `late`, at a `moment`: when the next
    worker has begun, when it has taken the record up, or just before the write counts as settled.
    `meanwhile` says which other order there is for the target: a newer one that is accepted while
    the call is held, and may be carried out before the victim is tried again (`newer overtakes`);
    or an older one that has not got further than its claim, and the victim is the newer.
    """

    step: Step
    fate: Fate
    meanwhile: Meanwhile
    vendor: str
    moment: Moment


def cases_of(number: int) -> list[Case]:
    """A case for each step, fate and meanwhile; vendors and moments change from round to round.

    A write that goes on late has a case for each moment.
    """
    kinds = [kind for step in STEPS for kind in _kinds_at(step)]
    return [
        Case(
            *kind[:3],
            VENDORS[(place + number) % len(VENDORS)],
            kind[3] or MOMENTS[(place + number) % len(MOMENTS)],
        )
        for place, kind in enumerate(kinds)
    ]


def _kinds_at(step: Step) -> list[tuple[Step, Fate, Meanwhile, Moment | None]]:
    overtakes: tuple[Meanwhile, ...] = ("newer overtakes",) if step.name in OVERTAKEN else ()
    late = MOMENTS if (step.call, step.when) == ("write", "before") else (None,)
    return [
        (step, fate, each, moment)
        for fate in FATES
        for each in (*MEANWHILES, *overtakes)
        for moment in (late if fate == "late" else (None,))
    ]
