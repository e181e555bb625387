"""Partitions of a backtest, their checkpoints and the processes behind them, without starting any."""

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting import execution, partitions, process_guard, rolling_origin
from forecasts.backtesting.execution import check_engine, finished_partitions
from forecasts.backtesting.partitions import Execution, Task, candidates_of
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

PARTS = [pl.DataFrame({"x": [number, number + 1]}) for number in range(3)]
TASK = Task("QS", 2, 3, 2, 2)


def doubled(part: pl.DataFrame) -> pl.DataFrame:
    return part.with_columns(y=pl.col("x") * 2)


def test_partitions_are_numbered_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    found = list(finished_partitions(doubled, PARTS, progress=lambda *step: told.append(step)))
    assert [number for number, _ in found] == [0, 1, 2] and found[1][1]["y"].to_list() == [2, 4]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_what_a_checkpoint_holds_comes_first_and_only_the_rest_is_computed(tmp_path: Path) -> None:
    folder, told = tmp_path / "kept", list[tuple[int, int]]()
    list(finished_partitions(doubled, PARTS[1:2], checkpoint_folder=folder, settings="a"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (key,) = manifest
    assert manifest == {key: {"rows": 2}} and {path.name for path in folder.iterdir()} == {
        "manifest.json",
        f"{key}.parquet",
    }
    found = finished_partitions(
        doubled, PARTS, checkpoint_folder=folder, settings="a", progress=lambda *step: told.append(step)
    )
    assert [number for number, _ in found] == [1, 0, 2] and told == [(2, 3), (3, 3)]
    assert len(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))) == 3
    (folder / f"{key}.parquet").unlink()
    again = finished_partitions(doubled, PARTS, checkpoint_folder=folder, settings="a")
    assert [number for number, _ in again] == [0, 2, 1]


def test_a_key_is_of_rows_columns_and_settings() -> None:
    parts = (PARTS[0], PARTS[1], PARTS[0].rename({"x": "z"}), PARTS[0][::-1])
    keys = [execution._key(part, "a") for part in parts] + [execution._key(PARTS[0], "b")]
    assert len(set(keys)) == 5 and {len(key) for key in keys} == {32}
    assert execution._key(PARTS[0].clone(), "a") == keys[0] and len(execution.release()) == 64


@pytest.mark.parametrize(("option", "is_local"), [("", True), ("4", True), ("auto", False), ("tcp://host:8786", False)])
def test_workers_of_this_machine_are_a_number_or_nothing(option: str, is_local: bool) -> None:
    assert execution._is_local(option) == is_local


def test_an_engine_is_known_by_its_name_with_or_without_an_option() -> None:
    for engine in ("process", "pool", "pool:3", "ray:auto", "dask", "spark"):
        check_engine(engine)
    with pytest.raises(ForecastError, match="engine 'pools' is unknown: use process, pool, ray, dask, spark"):
        check_engine("pools")
    with pytest.raises(ForecastError, match="needs the package some-package, which is not installed"):
        execution._optional("no_such_module_here", "some-package")
    assert execution._optional("json", "json") is json


class Client:
    """A cluster that computes at once; it notes how it was started."""

    started: ClassVar[dict[str, Any]] = {}

    def __init__(self, **options: Any) -> None:
        Client.started = options

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *unused: object) -> None:
        pass

    def map(self, work: Any, parts: list[Any], *, pure: bool, retries: int) -> list[Any]:
        assert not pure and retries == 3, "the same partition may be asked twice, and a lost worker three times"
        return [work(part) for part in parts]

    def gather(self, futures: list[Any]) -> list[Any]:
        return futures


@pytest.mark.parametrize(
    ("engine", "options"),
    [
        ("dask", {"n_workers": None, "threads_per_worker": 1, "dashboard_address": None}),
        ("dask:2", {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}),
        ("dask:tcp://host", {"address": "tcp://host"}),
    ],
)
def test_dask_is_a_cluster_at_an_address_or_this_machine(
    engine: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_optional", lambda *unused: type("Module", (), {"Client": Client}))
    found = list(finished_partitions(doubled, PARTS, engine))
    assert [number for number, _ in found] == [0, 1, 2] and found[2][1]["y"].to_list() == [4, 6]
    assert Client.started == options


class Ray:
    """A cluster whose tasks are done in reverse; it notes how it was started."""

    def __init__(self, *, is_running: bool) -> None:
        self.is_running, self.started, self.retries = is_running, dict[str, Any](), 0

    def is_initialized(self) -> bool:
        return self.is_running

    def init(self, **options: Any) -> None:
        self.started = options

    def remote(self, max_retries: int) -> Any:
        self.retries = max_retries
        return lambda function: SimpleNamespace(remote=lambda work, part: Done(function(work, part)))

    def put(self, work: Any) -> Any:
        return work

    def wait(self, tasks: list["Done"], num_returns: int) -> tuple[list["Done"], list["Done"]]:
        return tasks[-num_returns:], tasks[:-num_returns]

    def get(self, task: "Done") -> pl.DataFrame:
        return task.rows


class Done:
    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows


@pytest.mark.parametrize(
    ("engine", "is_running", "cluster"),
    [
        ("ray", False, {"num_cpus": None}),
        ("ray:3", False, {"num_cpus": 3}),
        ("ray:auto", False, {"address": "auto"}),
        ("ray", True, None),
    ],
)
def test_ray_is_the_cluster_that_runs_or_is_started_with_a_guard(
    engine: str, is_running: bool, cluster: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray, ended = Ray(is_running=is_running), list[str]()
    monkeypatch.setattr(execution, "_optional", lambda *unused: ray)
    monkeypatch.setattr(execution, "GUARDS", [SimpleNamespace(communicate=lambda: ended.append("old guard"))])
    monkeypatch.setattr(execution, "start_guard", lambda folder: folder)
    found = list(finished_partitions(doubled, PARTS, engine))
    assert [number for number, _ in found] == [2, 1, 0] and found[0][1]["y"].to_list() == [4, 6]
    assert ray.retries == 3
    if cluster is None:
        assert ray.started == {}
        return
    assert not ray.started["log_to_driver"] and not ray.started["include_dashboard"]
    assert {key: ray.started[key] for key in cluster} == cluster
    if "num_cpus" in cluster:
        (folder,) = execution.GUARDS
        assert ended == ["old guard"] and ray.started["_temp_dir"] == str(folder)
        assert ray.started["_node_ip_address"] == "127.0.0.1"
        Path(str(folder)).rmdir()


def batch(count: int, regressors: Regressors | None = None) -> Batch:
    values = tuple(np.arange(1.0, 9) * (row + 1) for row in range(count))
    return Batch(tuple(map(str, range(count))), values, np.full(count, 600), Frequency("QS"), regressors)


class Last:
    learns_across_series = False

    def predict_eligible(self, part: Batch, horizon: int) -> np.ndarray:
        return np.array([values[-1] for values in part.values])[:, None] + np.arange(horizon)


@pytest.mark.parametrize("is_evaluation", [False, True])
def test_a_batch_in_partitions_is_the_batch_as_a_whole(is_evaluation: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five series, two at a time; one model leaves out the second and the last, the other all but the fourth."""
    monkeypatch.setattr(rolling_origin, "model", lambda name: Last())
    masks = {"a": np.array([True, False, True, True, False]), "b": np.array([False, False, False, True, False])}
    task, told = replace(TASK, is_evaluation=is_evaluation), list[tuple[int, int]]()
    whole = candidates_of(masks, batch(5), task, Execution())
    monkeypatch.setattr(partitions, "SIZE", 2)
    parts = candidates_of(masks, batch(5), task, Execution(progress=lambda *step: told.append(step)))
    assert told == [(1, 3), (2, 3), (3, 3)] and len(parts.origins) == 2
    assert set(parts.future) == (set() if is_evaluation else {"a", "b"})
    for name, steps in whole.future.items():
        np.testing.assert_array_equal(parts.future[name], steps)
    for ours, theirs in zip(parts.origins, whole.origins, strict=True):
        assert ours.rows.tolist() == theirs.rows.tolist() == [0, 2, 3]
        for name, steps in theirs.forecasts.items():
            np.testing.assert_array_equal(ours.forecasts[name], steps)
    assert whole.origins[0].forecasts["a"][1].tolist() == ([21, 22] if is_evaluation else [18, 19])


def test_no_more_series_than_one_partition_holds_need_no_partitions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(rolling_origin, "model", lambda name: Last())
    monkeypatch.setattr(partitions, "finished_partitions", lambda work, frames, *unused, **also: iter(frames[:0]))
    monkeypatch.setattr(partitions, "_unforecast", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(partitions, "SIZE", 3)
    kept = Execution(checkpoint_folder=tmp_path)
    for count, how in ((3, Execution()), (4, Execution()), (3, Execution("pool")), (3, kept)):
        before = len(asked)
        candidates_of({"a": np.ones(count, dtype=bool)}, batch(count), TASK, how)
        assert (len(asked) > before) == (how != Execution() or count > 3)


def test_everything_that_decides_a_result_is_in_the_settings() -> None:
    values, days = np.zeros((2, 1)), np.ones((2, 1))
    regressors = Regressors(("x",), 1, values, days, ((values, days),))
    others: list[dict[str, Any]] = [
        {"names": ("y",)},
        {"values": values + 1},
        {"published": days + 1},
        {"revisions": ((values, days + 1),)},
        {"published": None},
    ]
    changes: list[dict[str, Any]] = [{"freq": "MS"}, {"horizon": 3}, {"min_history": 4}, {"n_cutoffs": 3}]
    changes += [{"max_step": 1}, {"is_evaluation": True}, {"regressors": regressors}]
    changes += [{"regressors": replace(regressors, **other)} for other in others]
    tasks = [TASK, *(replace(TASK, **change) for change in changes)]
    assert len({task.settings_text for task in tasks}) == len(tasks)
    assert replace(TASK, regressors=regressors).settings_text == tasks[7].settings_text


def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A made /proc: by its words, by an open file, by neither, and this process itself."""
    proc = tmp_path / "proc"
    for number, words, file in ((11, str(folder), "/dev/null"), (12, "idle", f"{folder}/log"), (13, "idle", "/tmp")):
        (proc / str(number) / "fd").mkdir(parents=True)
        (proc / str(number) / "cmdline").write_bytes(words.encode())
        (proc / str(number) / "fd" / "1").symlink_to(file)
    (proc / str(os.getpid()) / "fd").mkdir(parents=True)
    (proc / str(os.getpid()) / "cmdline").write_bytes(str(folder).encode())
    (proc / "self").mkdir()
    monkeypatch.setattr(process_guard, "PROCESSES", proc)


def test_who_uses_a_folder_is_found_by_words_or_by_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cluster"
    processes(tmp_path, monkeypatch, folder)
    assert sorted(process_guard.users_of(folder)) == [11, 12]
    assert not process_guard._uses(99, b"x"), "one that has ended"


def test_users_are_ended_until_three_looks_find_none_and_the_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, looks = tmp_path / "cluster", iter([[7], [], [], [8, 9], [], [], []])
    folder.mkdir()
    ended: list[tuple[int, int]] = []
    slept: list[float] = []
    monkeypatch.setattr(process_guard.time, "sleep", slept.append)
    monkeypatch.setattr(process_guard, "users_of", lambda unused: next(looks))
    monkeypatch.setattr(process_guard.os, "kill", lambda *call: ended.append(call))
    process_guard.end(folder)
    assert ended == [(7, signal.SIGKILL), (8, signal.SIGKILL), (9, signal.SIGKILL)]
    assert slept == [0.5] * 7 and next(looks, None) is None and not folder.exists()


def test_a_guard_is_a_session_of_its_own_that_waits_for_its_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], dict[str, Any]]] = []

    def start(words: list[str], **options: Any) -> str:
        started.append((words, options))
        return "the guard"

    monkeypatch.setattr(process_guard.subprocess, "Popen", start)
    guard: Any = process_guard.start_guard(tmp_path)
    assert guard == "the guard"
    ((command, options),) = started
    assert command[1:] == ["-I", process_guard.__file__, str(tmp_path)]
    assert options["start_new_session"] and options["stdin"] == subprocess.PIPE
