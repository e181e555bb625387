-- One row per contact person whose birthday is known: the next one from as_of on. The same person in two systems has one.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select
        people.contact_id,
        people.customer_id,
        people.contact_name,
        cast(
            records.born_on + to_years(cast(year(run.as_of) - year(records.born_on) as integer)) as date
        ) as this_year_on,
        cast(
            if(this_year_on < run.as_of, this_year_on + interval 1 year, this_year_on) as date
        ) as due_on,
    from {{ ref('int_contacts') }} as people
    cross join run
    inner join {{ ref('stg_contacts') }} as records
        on people.source_system = records.source_system
        and people.source_contact_id = coalesce(records.contact_id, records.source_id)
    where people.is_current and records.born_on is not null
    qualify row_number() over (
        partition by people.customer_id, lower(people.contact_name), records.born_on
        order by people.contact_id
    ) = 1
)

select * exclude (this_year_on) from final
