"""What audits and studies of artefacts need of networks."""

from lucidag.models.needs import Needs

AUDIT = Needs("audits of artefacts", "artefacts", "no network")
STUDY = Needs("studies of shortcuts", "shortcuts", "two networks with what their methods need")
