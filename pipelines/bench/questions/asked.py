"""Every question, in the order of the capabilities: each module beside this one lists those of its subject."""

import importlib
import pkgutil
from pathlib import Path

from pipelines.bench.questions.question import Question

NO_SUBJECT = {"asked", "held", "page", "question"}


def _all() -> list[Question]:
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [importlib.import_module(f"{__package__}.{name}") for name in names if name not in NO_SUBJECT]
    asked = [question for module in modules for question in module.QUESTIONS]
    return sorted(asked, key=lambda question: question.capability)


QUESTIONS = _all()
