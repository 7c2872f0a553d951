"""Compare all results with what their jobs recorded."""

from lucidag.ground.errors import InputError
from lucidag.ground.job import job, say
from lucidag.report.verify import verify

with job(snakemake):
    results = snakemake.params.results
    found = verify(results)
    for line in found.lines():
        say(line)
    if found.number:
        raise InputError(found.summary(results))
    say(found.summary(results), to_terminal=False)
