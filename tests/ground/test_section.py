"""What a job sees of a section: the fields that its stage picked, and no others."""

import pytest

from lucidag.ground.section import Section


class Study(Section):
    """A section with a field that has no default."""

    models: list[str]
    draws: int = 5
    seed: int = 0


def test_a_job_has_the_fields_of_its_stage_and_no_others():
    study = Study.picked({"draws": 7, "more": 1})
    assert study.draws == 7
    for name in ("seed", "models"):
        with pytest.raises(AttributeError):
            getattr(study, name)
