-- One row per rep reference of one system: the rep it means.
{{ meant_by('rep', ['rep_name', 'team', 'region']) }}
