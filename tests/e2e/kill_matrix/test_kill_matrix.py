"""Workers that record covers are killed at every step; each cover comes to stand once, in order."""

import pytest

from tests.e2e.kill_matrix.cases import FATES, STEPS, VENDORS, Fate, Step, cases_of
from tests.e2e.kill_matrix.matrix import FLEETS, LONGEST_ROUND_S, RUNS, Matrix

pytestmark = pytest.mark.timeout(60 + LONGEST_ROUND_S * -(-RUNS // FLEETS))


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.replace(" ", "-"))
def test_a_newest_cover_comes_to_stand_once_and_no_older_one_after_it_when_a_worker_is_killed(
    matrix: Matrix, step: Step, fate: Fate
) -> None:
    runs = [v for v in matrix.verdicts if (v.case.step, v.case.fate) == (step, fate)]

    kinds = [case for case in cases_of(0) if (case.step, case.fate) == (step, fate)]
    assert len(runs) == RUNS * len(kinds)
    assert [run for run in runs if run.mistakes] == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.replace(" ", "-"))
def test_every_step_was_met_at_every_vendor(matrix: Matrix, step: Step, vendor: str) -> None:
    met = [v for v in matrix.verdicts if (v.case.step, v.case.vendor) == (step, vendor)]

    assert len(met) >= RUNS


def test_no_lane_holds_anything_that_was_lost_or_forgotten(matrix: Matrix) -> None:
    assert matrix.leftovers == []
