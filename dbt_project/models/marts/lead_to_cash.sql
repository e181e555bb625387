-- One row per deal: the lead it came from, its quote, signature, orders, invoices and payments, and the days between them;
-- where a step is not linked, why.
with

deals as (select * from {{ ref('opportunities') }}),

final as (
    select
        deals.opportunity_id,
        deals.customer_id,
        case when deals.is_won then 'won' when deals.is_lost then 'lost' else 'open' end as outcome,
        steps.lead_id,
        steps.lead_on,
        deals.created_on,
        steps.quote_version_id,
        steps.first_quoted_on,
        coalesce(steps.quote_version_count, 0) as quote_version_count,
        case when deals.is_won then deals.closed_on end as won_on,
        -- A day that is only the last change or the expected one measures nothing.
        case when deals.is_won and deals.closed_on_source = 'closed_on' then deals.closed_on end as known_won_on,
        steps.signed_on,
        steps.first_ordered_on,
        coalesce(steps.order_count, 0) as order_count,
        steps.first_invoiced_on,
        steps.first_received_on,
        steps.last_received_on,
        coalesce(cast(steps.receipt_count as bigint), 0) as receipt_count,
        case when deals.is_won then deals.amount_base end as won_amount_base,
        cast(steps.ordered_base as decimal(18, 4)) as ordered_base,
        cast(steps.invoiced_base as decimal(18, 4)) as invoiced_base,
        {{ link_code('steps.lead_id', 'steps.tells_leads') }} as lead_link_code,
        {{ link_code('steps.first_quoted_on', 'steps.tells_quotes') }} as quote_link_code,
        {{ link_code('steps.signed_on', 'steps.tells_signing', 'not deals.is_won', 'not_due') }} as signing_link_code,
        {{ link_code('steps.first_ordered_on', 'steps.tells_orders', 'not deals.is_won', 'not_due') }} as order_link_code,
        {{ link_code('steps.first_invoiced_on', 'steps.is_invoice_told', 'steps.first_ordered_on is null', 'no_earlier_step') }}
            as invoice_link_code,
        {{ link_code('steps.first_received_on', 'true', 'steps.first_invoiced_on is null', 'no_earlier_step') }}
            as receipt_link_code,
        deals.created_on - steps.lead_on as lead_to_deal_days,
        steps.first_quoted_on - deals.created_on as deal_to_quote_days,
        known_won_on - steps.first_quoted_on as quote_to_win_days,
        steps.first_ordered_on - known_won_on as win_to_order_days,
        steps.first_invoiced_on - steps.first_ordered_on as order_to_invoice_days,
        steps.first_received_on - steps.first_invoiced_on as invoice_to_receipt_days,
        steps.first_received_on - coalesce(steps.lead_on, deals.created_on) as start_to_cash_days,
        deals.source_system,
    from deals
    left join {{ ref('int_deal_steps') }} as steps using (opportunity_id)
)

select * exclude (known_won_on) from final
