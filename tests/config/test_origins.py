"""What made the page's files: every value once, and all of it comes back."""

import json

from lucidag.config.origins import MOST, Origin, code_digest, origins

CODE = {"script": "0f", "lucidag": "1a", "numpy": "numpy 2.4.6"}
IMAGES = ["a", "<script>"]


def job(name, **settings):
    outputs = (f"rof/{name}/sweep.csv", f"rof/{name}/bands.csv")
    return Origin("sweep", {"model": name}, {"images": IMAGES, **settings}, CODE, outputs, outputs[:1])


def test_a_value_that_jobs_share_stands_once_and_comes_back():
    jobs = [job("a", seed=1), job("b", seed=2)]
    told = origins(jobs)
    assert len(told["values"]) == 3
    assert told["packages"] == [["numpy 2.4.6"]]
    for each, given in zip(told["jobs"], jobs, strict=True):
        back = {key: json.loads(told["values"][place]) for key, place in each["settings"].items()}
        assert back == given.settings
        assert each["files"] == list(given.files)
    assert json.dumps(told) == json.dumps(origins(jobs))


def test_a_value_that_is_too_long_is_said_to_stand_in_the_record():
    (value,) = origins([job("a", images="x" * MOST)])["values"]
    assert json.loads(value) == f"{MOST + 2:,} letters: see the record"


def test_the_digest_tells_of_each_part_of_the_code():
    assert code_digest(CODE) == code_digest(dict(reversed(CODE.items())))
    assert len({code_digest({**CODE, part: "other"}) for part in CODE} | {code_digest(CODE)}) == 4
