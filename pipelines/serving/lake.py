"""The company's lake, if it names one: the run that is about to be served as its next snapshot."""

from pathlib import Path

from pipelines import lake
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings


def publish(settings: Settings, file: Path) -> int:
    """Add the run of a served file; returns its rows, 0 where no lake is named."""
    company = settings.company
    if not company.lake:
        return 0
    if not company.lake_folder:
        raise AlmanacError("company.yml: lake needs lake_folder: the folder that all its readers reach")
    return sum(lake.publish_run(company.lake, company.lake_folder, file).values())
