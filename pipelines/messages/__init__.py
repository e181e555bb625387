"""One digest per run to chat groups and mail: how it ended, three numbers, alerts, what is overdue, the pages.

Belongs here: what a digest says, each channel's form, size and rate, and the log of what was told. Does not belong
here: any figure that is not in a served table. Nothing here stops or fails a run: a channel that does not answer is
logged.
"""

from pipelines.messages.config import load_channels
from pipelines.messages.notify import Notice, notify_if_late, notify_of_failure, notify_of_run

__all__ = ["Notice", "load_channels", "notify_if_late", "notify_of_failure", "notify_of_run"]
