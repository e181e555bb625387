"""Partitions give the same rows wherever they are computed, and nothing is computed twice or left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from forecasts.backtesting.execution import finished_partitions
from forecasts.errors import ForecastError

HERE = Path(__file__).resolve().parent
PARTS = [pl.DataFrame({"x": [float(number), 1.0]}) for number in range(4)]


def doubled(part: pl.DataFrame) -> pl.DataFrame:
    return part.with_columns(y=pl.col("x") * 2)


def dies_once(part: pl.DataFrame) -> pl.DataFrame:
    """The worker of the third partition is killed the first time it comes by."""
    mark = Path(os.environ["ALMANAC_TEST_MARK"])
    if part["x"][0] == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(part)


def sleeps(part: pl.DataFrame) -> pl.DataFrame:
    Path(os.environ["ALMANAC_TEST_MARK"]).touch()
    time.sleep(60)
    return part


def expected() -> list[pl.DataFrame]:
    return [doubled(part) for part in PARTS]


def same(results: Iterator[tuple[int, pl.DataFrame]]) -> bool:
    """Whether every partition came once, in whichever order, with its rows."""
    came = sorted(results, key=lambda result: result[0])
    return all(
        place == index and a.equals(b) for place, ((index, a), b) in enumerate(zip(came, expected(), strict=True))
    )


def test_pool_of_processes_gives_the_rows_of_this_process() -> None:
    assert same(finished_partitions(doubled, PARTS)) and same(finished_partitions(doubled, PARTS, "pool:2"))


def test_killed_worker_is_replaced_and_its_partition_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALMANAC_TEST_MARK", str(tmp_path / "killed"))
    assert same(finished_partitions(dies_once, PARTS, "pool:2"))
    assert (tmp_path / "killed").exists()


def test_rerun_computes_no_finished_partition_again(tmp_path: Path) -> None:
    computed: list[float] = []

    def counted(part: pl.DataFrame) -> pl.DataFrame:
        computed.append(part["x"][0])
        return doubled(part)

    list(finished_partitions(counted, PARTS[:3], checkpoint_folder=tmp_path, settings="a"))
    assert same(finished_partitions(counted, PARTS, checkpoint_folder=tmp_path, settings="a"))
    assert computed == [0, 1, 2, 3]
    list(finished_partitions(counted, PARTS[:1], checkpoint_folder=tmp_path, settings="other settings"))
    assert computed == [0, 1, 2, 3, 0]


def test_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ForecastError, match="'hadoop' is unknown: use process, pool, ray"):
        list(finished_partitions(doubled, PARTS, "hadoop"))


def test_no_worker_outlives_its_killed_parent_by_ten_seconds(tmp_path: Path) -> None:
    with _at_work("pool:1", tmp_path) as parent:
        workers = _workers(parent.pid)
    assert workers and _until(lambda: not any(_lives(worker) for worker in workers), 10)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to find processes by their files")
def test_guard_ends_whoever_works_in_its_folder_when_the_starter_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    script = (
        "import subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from forecasts.backtesting.process_guard import start_guard\n"
        "guard, folder = start_guard(Path(sys.argv[1])), Path(sys.argv[1])\n"
        "sleeper = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "inside = subprocess.Popen(sleeper, stdout=(folder / 'log').open('w'))\n"
        "outside = subprocess.Popen(sleeper)\n"
        "print(inside.pid, outside.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    words = [sys.executable, "-c", script, str(folder)]
    parent = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    inside, outside = (int(word) for word in parent.stdout.readline().split())
    assert _lives(inside) and _lives(outside)
    parent.kill()
    parent.wait()
    try:
        assert _until(lambda: not _lives(inside) and not folder.exists(), 10)
        assert _lives(outside), "what has nothing to do with the cluster is left alone"
    finally:
        os.kill(outside, signal.SIGKILL)


@contextmanager
def _at_work(engine: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of a partition on the engine; killed at the end."""
    script = (
        "from tests.test_forecasts_execution import PARTS, sleeps\n"
        "from forecasts.backtesting.execution import finished_partitions\n"
        "if __name__ == '__main__':\n"
        f"    list(finished_partitions(sleeps, PARTS[:1], {engine!r}))\n"
    )
    mark, path = folder / "at_work", folder / "parent.py"
    path.write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "ALMANAC_TEST_MARK": str(mark)}
    parent = subprocess.Popen([sys.executable, str(path)], cwd=HERE.parent, env=environment, stderr=subprocess.DEVNULL)
    try:
        assert _until(mark.exists, 120)
        yield parent
    finally:
        parent.kill()
        parent.wait()


def _lives(process: int) -> bool:
    """Whether a process is there and not only waiting to be collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _workers(parent: int) -> list[int]:
    """Spawned workers among the children (the resource tracker ends by itself)."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    return [int(child) for child in children if b"spawn_main" in _words(int(child))]


def _words(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _until(check: Callable[[], bool], seconds: float) -> bool:
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        if check():
            return True
        time.sleep(0.2)
    return check()


@pytest.mark.skipif(multiprocessing.cpu_count() < 2, reason="needs two cores")
def test_ray_gives_the_same_rows_retries_a_killed_worker_and_redoes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    monkeypatch.setenv("ALMANAC_TEST_MARK", str(tmp_path / "killed"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))  # workers import this file
    try:
        assert same(finished_partitions(dies_once, PARTS, "ray:2", checkpoint_folder=tmp_path / "kept"))
        assert (tmp_path / "killed").exists()
    finally:
        ray.shutdown()
    assert same(finished_partitions(dies_once, PARTS, "ray:2", checkpoint_folder=tmp_path / "kept"))
    assert not ray.is_initialized(), "with nothing left to do no cluster is started"


@pytest.mark.skipif(multiprocessing.cpu_count() < 2, reason="needs two cores")
def test_nothing_of_ray_outlives_its_killed_parent_by_ten_seconds(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with _at_work("ray:1", tmp_path) as parent:
        cluster = [child for child in _descendants(parent.pid) if b"process_guard.py" not in _words(child)]
    assert len(cluster) > 3 and _until(lambda: not any(_lives(process) for process in cluster), 10)


def _descendants(process: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return [*children, *(descendant for child in children for descendant in _descendants(child))]


@pytest.mark.skipif(multiprocessing.cpu_count() < 2, reason="needs two cores")
def test_dask_gives_the_rows_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))
    assert same(finished_partitions(doubled, PARTS, "dask:2"))
