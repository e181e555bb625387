-- One row per event, group, half of its time and customer who had bought in as many days before that half: whether the
-- customer bought again in it. A half that is not over, or that the event's end cuts short, has none: fewer days, fewer buyers.
with

windows as (
    select
        *,
        cast(window_to - window_from + 1 as integer) as days,
    from {{ ref('int_event_windows') }}
    qualify days = max(days) over ()
),

sales as (
    select customer_id, invoiced_on, region, product_line
    from {{ ref('revenue') }}
    where customer_id is not null and invoiced_on is not null and amount_base > 0
),

final as (
    select
        windows.event_id,
        windows.is_affected,
        windows.is_after,
        sales.customer_id,
        max(cast(sales.invoiced_on >= windows.window_from as integer)) as is_kept,
    from windows
    inner join sales
        on
        sales.invoiced_on between windows.window_from - windows.days and windows.window_to
        and {{ in_event_group('sales') }}
    group by all
    having min(sales.invoiced_on) < any_value(windows.window_from)
)

select * from final
