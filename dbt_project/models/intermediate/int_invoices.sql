-- One row per invoice that was not cancelled: its net and gross amount, and the share of the gross that is net.
with lines as (
    select
        *,
        -- a line without its tax has no gross amount: it is not taken for one without tax
        coalesce(amount_gross, amount_net + amount_tax) as known_gross,
    from {{ ref('int_invoice_lines') }}
    where invoice_id is not null and not is_cancelled
)

select
    source_system,
    invoice_id,
    any_value(customer_id order by customer_id) as customer_id,
    min(invoiced_on) as invoiced_on,
    if(count(distinct currency) = 1, any_value(currency), null) as currency,
    any_value(base_rate order by invoiced_on) as base_rate,
    if(count(amount_net) = count(*), sum(amount_net), null) as amount_net,
    if(count(known_gross) = count(*), sum(known_gross), null) as amount_gross,
    if(count(amount_base) = count(*), sum(amount_base), null) as amount_base,
    round(
        if(
            count(known_gross) = count(*) and count(amount_net) = count(*),
            cast(sum(amount_net) as double) / nullif(sum(known_gross), 0),
            null
        ),
        12
    ) as net_share,
from lines
group by source_system, invoice_id
