-- One row per deal and contact person that a role or an activity ties to it, at as_of.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_deal_ids') }}),

people as (select * from {{ ref('int_contacts') }}),

words as (select * from {{ ref('contact_role_words') }}),

-- A role without a day is taken as it stands: it is told by an export that the run may see.
roles as (
    select
        deals.opportunity_id,
        coalesce(people.contact_id, roles.source_system || '|' || roles.contact_id) as contact_id,
        roles.role,
        coalesce(words.role_code, 'unmapped') as role_code,
        coalesce(words.is_deciding, false) as is_deciding,
        coalesce(roles.is_primary, false) as is_primary,
        roles.created_on,
    from {{ ref('stg_contact_roles') }} as roles
    cross join run
    inner join deals
        on roles.source_system = deals.source_system and roles.opportunity_id = deals.source_deal_id
    left join people
        on roles.source_system = people.source_system and roles.contact_id = people.source_contact_id
    left join words on {{ same_word('roles.role', 'words.word') }}
    where
        not coalesce(roles.is_deleted, false)
        and coalesce(roles.created_on <= run.as_of, true)
),

roles_of_people as (
    select
        opportunity_id,
        contact_id,
        arg_min(role, (not is_deciding, not is_primary, created_on, role)) as role,
        arg_min(role_code, (not is_deciding, not is_primary, created_on, role)) as role_code,
        bool_or(is_deciding) as is_deciding,
        min(created_on) filter (where is_deciding) as deciding_from,
        bool_or(is_primary) as is_primary,
        min(created_on) as role_from,
    from roles
    group by opportunity_id, contact_id
),

talks as (
    select
        opportunity_id,
        contact_id,
        count(*) as activity_count,
        max(occurred_on) as last_activity_on,
    from {{ ref('int_activities') }}
    where opportunity_id is not null and contact_id is not null
    group by opportunity_id, contact_id
),

final as (
    select
        opportunity_id,
        contact_id,
        roles_of_people.* exclude (opportunity_id, contact_id),
        coalesce(talks.activity_count, 0) as activity_count,
        talks.last_activity_on,
    from roles_of_people
    full join talks using (opportunity_id, contact_id)
)

select * from final
