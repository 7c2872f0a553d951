"""What a configuration file may say about the report."""

from pydantic import Field

from lucidag.ground.section import Section


class Report(Section):
    """What is made of all results together."""

    notebook: bool = Field(
        default=True, description="Run a notebook that shows every analysis: `report.ipynb` and `report.html`."
    )
