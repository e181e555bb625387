"""Database, datasets, charts and a dashboard for Apache Superset, in the form that it imports.

Datasets take columns and descriptions from the served file, charts from `superset/charts.yml`. An address holds no
password: Superset asks for it when the bundle is imported.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import duckdb
import yaml

CHARTS = Path(__file__).parent / "superset" / "charts.yml"
VERSION = "1.0.0"  # of the form of the files
BUNDLE = "almanac_superset.zip"
KINDS = {"line": "echarts_timeseries_line", "bar": "echarts_timeseries_bar", "table": "table"}
LOGIN = "almanac_bi"
ROW_LIMIT = 1000
TIMES, USABLE = ("DATE", "TIMESTAMP"), {"is_active": True, "groupby": True, "filterable": True}
# A file that somebody may query must not let him read other files of the machine, nor unlock that.
LOCKED = {"read_only": True, "config": {"enable_external_access": False, "lock_configuration": True}}
Content = dict[str, Any]


def write_bundle(file: Path, folder: Path, server: str = "", login: str = LOGIN) -> Path:
    """Write the bundle's YAML into a folder, and all of it as one file to import; returns that file.

    file: the served DuckDB file. server: `postgres://user@host/database` that gets the tables; without one the
    dashboard reads the file, where the tools' server can. login: of the server, one that may read and nothing else: the
    one that writes the tables is not for a tool in which people write SQL.
    """
    address = f"postgresql+psycopg2://{login}@{server.rpartition('@')[2].rpartition('://')[2]}" if server else ""
    made = dict(_files(file.resolve(), address))
    for name, content in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with zipfile.ZipFile(folder / BUNDLE, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in made:
            bundle.write(folder / name, f"almanac/{name}")
    return folder / BUNDLE


def _files(file: Path, address: str) -> Iterator[tuple[str, Content]]:
    charts = yaml.safe_load(CHARTS.read_text(encoding="utf-8"))
    with duckdb.connect(str(file), read_only=True) as connection:
        ((published_at,),) = connection.execute("select published_at from control.published").fetchall()
        yield "metadata.yaml", {"version": VERSION, "type": "Dashboard", "timestamp": published_at.isoformat()}
        yield "databases/Almanac.yaml", _database(file, address)
        for table in dict.fromkeys(chart["table"] for chart in charts):
            yield f"datasets/Almanac/{table}.yaml", _dataset(connection, table)
    for chart in charts:
        yield f"charts/{chart['title']}.yaml", _chart(chart)
    yield "dashboards/Almanac.yaml", _dashboard(charts)


def _database(file: Path, address: str) -> Content:
    arguments = {} if address else LOCKED
    may_not = ("allow_dml", "allow_ctas", "allow_cvas", "allow_file_upload", "allow_run_async")
    return {
        "database_name": "Almanac",
        "sqlalchemy_uri": address or f"duckdb:///{file}",
        "expose_in_sqllab": True,
        **dict.fromkeys(may_not, False),
        "extra": {"engine_params": {"connect_args": arguments}, "allows_virtual_table_explore": True},
        "uuid": _id("database"),
        "version": VERSION,
    }


def _dataset(connection: duckdb.DuckDBPyConnection, table: str) -> Content:
    schema, name = table.split(".")
    names = {"schema": schema, "name": name}
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = $schema and table_name = $name order by column_index",
        names,
    ).fetchall()
    comment = "select comment from duckdb_tables() where schema_name = $schema and table_name = $name"
    ((about,),) = connection.execute(comment, names).fetchall()
    return {
        "table_name": name,
        "schema": schema,
        "description": about,
        "columns": [
            {"column_name": column, "type": kind, "description": text, "is_dttm": kind.startswith(TIMES), **USABLE}
            for column, kind, text in columns
        ],
        "metrics": [],
        "uuid": _id(table),
        "database_uuid": _id("database"),
        "version": VERSION,
    }  # fmt: skip


def _chart(chart: Mapping[str, Any]) -> Content:
    """The chart for people, and the query it asks for programs that want its rows (`query_context`)."""
    values = [_value(label, sql) for label, sql in chart.get("values", {}).items()]
    where = chart.get("where", "")
    form: Content = {"viz_type": KINDS[chart["kind"]], "row_limit": ROW_LIMIT}
    form["adhoc_filters"] = [{"expressionType": "SQL", "clause": "WHERE", "sqlExpression": where}] if where else []
    if chart["kind"] == "table":
        columns: list[Any] = chart["columns"]
        form |= {"query_mode": "raw", "all_columns": columns, "table_timestamp_format": "%Y-%m-%d"}
    else:
        across = {"columnType": "BASE_AXIS", "expressionType": "SQL", "label": chart["across"]}
        columns = [{**across, "sqlExpression": chart["across"]}]
        form |= {"x_axis": chart["across"], "metrics": values, "groupby": [], "xAxisLabelRotation": 45}
    query = {"columns": columns, "extras": {"where": where}, "filters": [], "row_limit": ROW_LIMIT}
    asked = [{**query, "metrics": values}] if values else [query]
    context = {"datasource": {"id": 0, "type": "table"}, "queries": asked, "form_data": form}
    return {
        "slice_name": chart["title"],
        "viz_type": form["viz_type"],
        "params": form,
        "query_context": json.dumps({**context, "result_format": "json", "result_type": "full"}),
        "uuid": _id(chart["title"]),
        "dataset_uuid": _id(chart["table"]),
        "version": VERSION,
    }


def _value(label: str, sql: str) -> Content:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label, "hasCustomLabel": True, "optionName": label}


def _dashboard(charts: list[Content]) -> Content:
    """Two charts side by side, in the order of the file."""
    layout: Content = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": []},
    }
    for number, chart in enumerate(charts):
        row, name, above = f"ROW-{number // 2}", f"CHART-{number}", ["ROOT_ID", "GRID_ID"]
        if row not in layout:
            plain = {"meta": {"background": "BACKGROUND_TRANSPARENT"}}
            layout[row] = {"type": "ROW", "id": row, "children": [], "parents": above, **plain}
            layout["GRID_ID"]["children"].append(row)
        layout[row]["children"].append(name)
        shown = {"chartId": number + 1, "uuid": _id(chart["title"]), "sliceName": chart["title"]}
        meta = {**shown, "width": 6, "height": 50}
        layout[name] = {"type": "CHART", "id": name, "children": [], "meta": meta, "parents": [*above, row]}
    title = {"dashboard_title": "Almanac", "slug": "almanac", "published": True}
    return {**title, "position": layout, "metadata": {}, "uuid": _id("dashboard"), "version": VERSION}


def _id(name: str) -> str:
    """The same from bundle to bundle: an import knows what the one before has made."""
    return str(uuid5(NAMESPACE_URL, f"almanac/superset/{name}"))
