"""Hold each claim of earlier projects against the tables of this configuration."""

from pathlib import Path

from lucidag.claims.ledger import evaluate, json_of, write_ledger
from lucidag.claims.reader import Reader, by_key
from lucidag.claims.settings import Claim
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say

with job(snakemake):
    settings = snakemake.params.settings
    claims = [Claim.model_validate(claim) for claim in settings["claims"]]
    files = by_key(list(snakemake.input.measured), snakemake.params.whose, settings["published"])
    reader = Reader(files, str(Path(snakemake.output.table).parent))
    entries = evaluate(claims, settings["absent"], reader)
    about = json_of(entries, snakemake.params.configuration)
    write_ledger(snakemake.output.table, entries)
    write_json(snakemake.output.about, about)
    say("claims: " + ", ".join(f"{number} {status}" for status, number in about["counts"].items()))
