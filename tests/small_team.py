"""One list of deals, as a small team keeps it, and nothing else."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

STAGES = ("Lead", "Qualified", "Proposal", "Negotiation")
HEADS = (
    "Deal ID",
    "Deal Name",
    "Company",
    "Stage",
    "Amount",
    "Currency",
    "Created",
    "Expected Close",
    "Closed Date",
    "Owner",
)


def write_deals(path: Path, count: int = 500, last: date = date(2026, 10, 31)) -> Path:
    """Deals of three years: a quarter lost, half won, the youngest open."""
    chance = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(HEADS)
        for number in range(count):
            created = last - timedelta(days=chance.randrange(3 * 365))
            due = created + timedelta(days=chance.randrange(30, 150))
            ended = due < last
            stage = chance.choice(("Closed Won", "Closed Won", "Closed Lost")) if ended else chance.choice(STAGES)
            amount = round(chance.lognormvariate(9.5, 0.8), 2)
            row = (f"D-{number:04d}", f"Deal {number}", f"Company {number % 120}", stage, amount, "EUR", created, due)
            table.writerow((*row, due if ended else "", chance.choice(("Ana Ruiz", "Ben Ott", "Cleo Wagner"))))
    return path
