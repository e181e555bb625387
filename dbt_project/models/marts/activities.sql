-- One row per call, mail, visit or meeting up to as_of, with the deal, the customer, the person and the rep.
with

final as (
    select
        activities.*,
        reps.rep_name,
    from {{ ref('int_activities') }} as activities
    left join {{ ref('int_reps') }} as reps using (rep_id)
)

select * from final
