"""People: targets and pace of teams and reps, how deals are kept, win rates, and how far words can be trusted."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.sections import rep_blocks
from pipelines.report.served import Served


def blocks(served: Served) -> Iterator[Block]:
    """Attainment, what lies ahead, hygiene, win rates, records and stages, adherence, judgement."""
    del served  # every query is the same for all companies
    yield _attainment()
    yield _ahead()
    yield _hygiene()
    yield _win_rates()
    yield from rep_blocks.blocks()
    yield _adherence()
    yield _submissions()
    yield _probabilities()


_TARGETS = ("metric", "level", "member", "period", "period_start", "period_end", "as_of", "target_amount", "target_id")
_CURRENT = {"marts.targets": ("target_id", "is_current")}


def _attainment() -> Block:
    query = """select metric, member, period, period_start, target_amount, closed_amount, attainment
from outlook.target_gap
where level in ('team', 'rep') and period_end <= as_of
    and target_id in (select target_id from marts.targets where is_current)
qualify dense_rank() over (partition by metric, level, period order by period_start desc) = 1
order by metric, level desc, period, attainment desc nulls last"""
    forms = {"metric": "term:metric", "member": "text", "period": "term:period", "period_start": "month"}
    forms |= {"target_amount": "money", "closed_amount": "money", "attainment": "share"}
    needs = {"outlook.target_gap": (*_TARGETS, "closed_amount", "attainment"), **_CURRENT}
    return Block("attainment", needs, query, forms, shown=60)


def _ahead() -> Block:
    query = """select metric, member, period, period_start, target_amount, closed_amount, expected_amount,
    expected_attainment, pace, outlook
from outlook.target_gap
where level in ('team', 'rep') and period_end > as_of
    and target_id in (select target_id from marts.targets where is_current)
qualify dense_rank() over (partition by metric, level, member, period order by period_start) = 1
order by metric, level desc, period, expected_attainment nulls last"""
    forms = {"metric": "term:metric", "member": "text", "period": "term:period", "period_start": "month"}
    forms |= dict.fromkeys(("target_amount", "closed_amount", "expected_amount"), "money")
    forms |= {"expected_attainment": "share", "pace": "number", "outlook": "term:outlook"}
    columns = (*_TARGETS, "closed_amount", "expected_amount", "expected_attainment", "pace", "outlook")
    return Block("ahead", {"outlook.target_gap": columns, **_CURRENT}, query, forms, shown=60)


def _hygiene() -> Block:
    query = """select rep_name, team, open_count, open_amount_base, overdue_count, pushes_per_open_deal, filled_share,
    touched_share
from marts.rep_performance
where open_count > 0
order by overdue_count desc, open_amount_base desc"""
    forms = {"rep_name": "text", "team": "text", "open_count": "count", "open_amount_base": "money"}
    forms |= {"overdue_count": "count", "pushes_per_open_deal": "number", "filled_share": "share"}
    forms |= {"touched_share": "share"}
    return Block("hygiene", {"marts.rep_performance": tuple(forms)}, query, forms, shown=60)


def _win_rates() -> Block:
    query = """select rep_name, team, closed_count_12m, won_count_12m, won_amount_base_12m, win_rate_12m,
    win_rate_low_95, win_rate_high_95, peer_win_rate_12m, win_rate_standing, median_cycle_days_12m
from marts.rep_performance
where closed_count_12m > 0
order by won_amount_base_12m desc nulls last"""
    forms = {"rep_name": "text", "team": "text", "closed_count_12m": "count", "won_count_12m": "count"}
    forms |= {"won_amount_base_12m": "money"}
    forms |= dict.fromkeys(("win_rate_12m", "win_rate_low_95", "win_rate_high_95", "peer_win_rate_12m"), "share")
    forms |= {"win_rate_standing": "term:standing", "median_cycle_days_12m": "count"}
    return Block("win_rates", {"marts.rep_performance": tuple(forms)}, query, forms, shown=60)


def _adherence() -> Block:
    query = """select level, coalesce(rep_name, member) as member, judged_count, adherence_rate, adherence_low_95,
    adherence_high_95, between_open_count, skipped_rate, backward_rate, dated_won_count, period_end_share
from marts.process_adherence
left join marts.reps on level = 'rep' and member = rep_id
where level in ('total', 'team', 'rep') and period = 'last_12_months' and is_enough
order by level = 'total' desc, level = 'team' desc, adherence_rate nulls last"""
    forms = {"level": "term:level", "member": "text", "judged_count": "count"}
    forms |= dict.fromkeys(("adherence_rate", "adherence_low_95", "adherence_high_95"), "share")
    forms |= {"between_open_count": "count", "skipped_rate": "share", "backward_rate": "share"}
    forms |= {"dated_won_count": "count", "period_end_share": "share"}
    needs = {"marts.process_adherence": (*forms, "period", "is_enough"), "marts.reps": ("rep_id", "rep_name")}
    return Block("adherence", needs, query, forms, shown=60)


def _submissions() -> Block:
    query = """select metric, role, author, submission_count, wape, bias, calibration_factor, compared_count,
    wape_model, value_added_over_model
from outlook.submission_accuracy
order by metric, role, wape nulls last"""
    forms = {"metric": "term:metric", "role": "term:role", "author": "text", "submission_count": "count"}
    forms |= {"wape": "share", "bias": "share", "calibration_factor": "number", "compared_count": "count"}
    forms |= {"wape_model": "share", "value_added_over_model": "points"}
    return Block("submissions", {"outlook.submission_accuracy": tuple(forms)}, query, forms, shown=60)


def _probabilities() -> Block:
    query = """select level, coalesce(rep_name, member) as member, deal_count, mean_probability, win_rate, bias,
    bias_low_95, bias_high_95, bias_standing
from marts.probability_calibration
order by level = 'total' desc, level = 'team' desc, deal_count desc"""
    forms = {"level": "term:level", "member": "text", "deal_count": "count", "mean_probability": "share"}
    forms |= {"win_rate": "share"} | dict.fromkeys(("bias", "bias_low_95", "bias_high_95"), "points")
    forms |= {"bias_standing": "term:bias_standing"}
    return Block("probabilities", {"marts.probability_calibration": (*forms, "rep_name")}, query, forms, shown=60)
