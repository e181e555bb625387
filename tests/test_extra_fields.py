"""Custom fields are kept with a type that they can be queried by, and one line of YAML makes them a column."""

from pathlib import Path

from ingest_world import DEALS, World

from pipelines.contracts import load_contracts
from pipelines.ingest.proposals.extra_fields import extra_fields

HEADER = 'ID,Title,Stage,Amount,UDF_Score,F_PAEZ_Due,Region__c,VIP__c,Odd "name" x\n'
ROWS = "".join(
    f'{n},deal {n},Prospecting,1,"1,{n:03d}.5",2024-03-{n:02d},North,{["No", "Yes"][n % 2]},t{n}\n'
    for n in range(1, 10)
)


def test_a_custom_field_says_its_type_how_to_query_it_and_the_line_that_maps_it(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", HEADER.replace('Odd "name" x', '"Odd ""name"" x"') + ROWS)
    assert world.run().files[0]["status"] == "loaded"
    fields = {field.header: field for field in extra_fields(world.settings, load_contracts(world.settings.sources))}
    assert {header: field.type for header, field in fields.items()} == {
        "UDF_Score": "number", "F_PAEZ_Due": "date", "Region__c": "text", "VIP__c": "boolean", 'Odd "name" x': "text",
    }  # fmt: skip
    assert {field.filled for field in fields.values()} == {9}
    assert world.column(f"select sum({fields['UDF_Score'].sql}) from raw.opportunities") == [9049.5]
    assert str(world.column(f"select max({fields['F_PAEZ_Due'].sql}) from raw.opportunities")[0]) == "2024-03-09"
    assert world.column(f"select count_if({fields['VIP__c'].sql}) from raw.opportunities") == [5]
    assert fields["Region__c"].promote == 'region: "Region__c"' and not fields["UDF_Score"].promote
    world.contract(DEALS + f"      {fields['Region__c'].promote}\n")
    world.run()
    assert world.column("select distinct region from raw.opportunities") == ["North"]
    left = {field.header for field in extra_fields(world.settings, load_contracts(world.settings.sources))}
    assert left == set(fields) - {"Region__c"}
