"""Where partitions are computed: in this process, in a pool of its own processes, or on a cluster that exists.

Results are given as they come, each with the number of its partition. Partition boundaries are the caller's and never
depend on the engine, and linear algebra runs on one thread inside a partition: the same rows from every engine. A lost
worker's partition is computed again. With a checkpoint folder, finished partitions are not computed twice: each is
saved under a hash of its rows, its settings and this package's source.
"""

import hashlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from forecasts.backtesting.kept import release, write
from forecasts.backtesting.process_guard import start_guard
from forecasts.errors import ForecastError

Work = Callable[[pl.DataFrame], pl.DataFrame]
Progress = Callable[[int, int], None]
Results = Iterator[tuple[int, pl.DataFrame]]
RETRIES = 3  # of a partition whose worker died: a fourth time it is the partition, not the worker
GUARDS: list[subprocess.Popen[bytes]] = []  # of this process's local cluster; it acts when its input is closed


def finished_partitions(
    work: Work,
    partitions: Sequence[pl.DataFrame],
    engine: str = "process",
    *,
    settings: str = "",
    checkpoint_folder: Path | None = None,
    progress: Progress | None = None,
) -> Results:
    """Number and `work` of every partition, as they finish: whoever does not keep them holds one at a time.

    work: picklable, no state. engine: `process` (this one), `pool:WORKERS`, `ray:WORKERS`, `dask:WORKERS` (all of this
    machine's without a number), `ray:ADDRESS`, `dask:ADDRESS`, `spark`.
    settings: whatever else decides the result, as text, for the hash. checkpoint_folder: where finished
    partitions are saved. progress(done, total): called as partitions finish.
    """
    keys = [_key(part, settings) for part in partitions] if checkpoint_folder else []
    kept = _kept(checkpoint_folder, keys) if checkpoint_folder else {}
    yield from ((index, pl.read_parquet(path)) for index, path in kept.items())
    unfinished = [index for index in range(len(partitions)) if index not in kept]
    chosen = _runner(engine)
    runner = chosen if unfinished else _in_process  # nothing left to do starts no cluster
    computed = runner(partial(_single_threaded, work), [partitions[index] for index in unfinished])
    for done, (order, result) in enumerate(computed, start=len(kept) + 1):
        if checkpoint_folder:
            _save(checkpoint_folder, keys[unfinished[order]], result)
        if progress:
            progress(done, len(partitions))
        yield unfinished[order], result


def check_engine(engine: str) -> None:
    """Raise ForecastError for an unknown engine."""
    _runner(engine)


def _runner(engine: str) -> Callable[[Work, Sequence[pl.DataFrame]], Results]:
    name, _, option = engine.partition(":")
    runners = {"process": _in_process, "pool": _in_pool, "ray": _on_ray, "dask": _on_dask, "spark": _on_spark}
    if name not in runners:
        raise ForecastError(f"engine {engine!r} is unknown: use {', '.join(runners)}")
    return partial(runners[name], option=option)


def _single_threaded(work: Work, partition: pl.DataFrame) -> pl.DataFrame:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # more threads may sum in another order
        return work(partition)


def _in_process(work: Work, partitions: Sequence[pl.DataFrame], *, option: str = "") -> Results:
    for index, partition in enumerate(partitions):
        yield index, work(partition)


def _in_pool(work: Work, partitions: Sequence[pl.DataFrame], *, option: str) -> Results:
    """Spawned processes: a forked one would hang after Prophet's first fit. A broken pool is restarted."""
    remaining = dict(enumerate(partitions))
    for _ in range(RETRIES):
        with _pool(int(option) if option else os.cpu_count() or 1) as pool:
            waiting = {pool.submit(work, partition): index for index, partition in remaining.items()}
            try:
                for future in as_completed(waiting):
                    index = waiting[future]
                    result = future.result()
                    del remaining[index]
                    yield index, result
            except BrokenProcessPool:
                continue
        return
    raise ForecastError(f"{len(remaining)} partitions lost their worker {RETRIES} times: is there enough memory?")


def _pool(workers: int) -> ProcessPoolExecutor:
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_follow, initargs=(os.getpid(),))


def _follow(parent: int) -> None:
    """In a worker: leave within seconds of the parent's death, however it died."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_ray(work: Work, partitions: Sequence[pl.DataFrame], *, option: str) -> Results:
    """Tasks on an existing Ray cluster, or on a local one that ends with this process; Ray retries lost tasks."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = _optional("ray", "ray")
    if not ray.is_initialized():
        cluster = _guarded_cluster(option) if _is_local(option) else {"address": option}
        ray.init(log_to_driver=False, include_dashboard=False, **cluster)
    task = ray.remote(max_retries=RETRIES)(_call)
    shared = ray.put(work)
    waiting = {task.remote(shared, partition): index for index, partition in enumerate(partitions)}
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=1)
        yield waiting.pop(ready[0]), ray.get(ready[0])


def _guarded_cluster(option: str) -> dict[str, Any]:
    """Options of a local Ray cluster; a guard process removes its processes and files when this process has ended."""
    folder = Path(tempfile.mkdtemp(prefix="almanac-ray-"))
    while GUARDS:  # of an earlier cluster that was shut down
        GUARDS.pop().communicate()
    GUARDS.append(start_guard(folder))
    return {"num_cpus": int(option) if option else None, "_node_ip_address": "127.0.0.1", "_temp_dir": str(folder)}


def _call(work: Work, partition: pl.DataFrame) -> pl.DataFrame:
    return work(partition)


def _on_dask(work: Work, partitions: Sequence[pl.DataFrame], *, option: str) -> Results:
    """Tasks on the Dask cluster at an address, or on a local one; Dask retries lost tasks."""
    distributed = _optional("distributed", "dask[distributed]")
    workers = int(option) if option.isdigit() else None
    local: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.Client(**local if _is_local(option) else {"address": option}) as client:
        futures = client.map(work, list(partitions), pure=False, retries=RETRIES)
        yield from enumerate(client.gather(futures))


def _on_spark(work: Work, partitions: Sequence[pl.DataFrame], *, option: str) -> Results:
    """Tasks on the Spark session that exists or is configured; Spark retries lost tasks."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # on this machine; a cluster sets its own
    sql = _optional("pyspark.sql", "pyspark")
    context = sql.SparkSession.builder.getOrCreate().sparkContext
    yield from enumerate(context.parallelize(list(partitions), max(1, len(partitions))).map(work).collect())


def _is_local(option: str) -> bool:
    """Whether an engine's option is a number of workers on this machine, or empty, rather than an address."""
    return not option or option.isdigit()


def _optional(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ForecastError(f"this engine needs the package {package}, which is not installed") from error


def _kept(folder: Path, keys: Sequence[str]) -> dict[int, Path]:
    """Where the result of every partition is that was saved."""
    manifest = _manifest(folder)
    paths = ((index, folder / f"{key}.parquet") for index, key in enumerate(keys) if key in manifest)
    return {index: path for index, path in paths if path.is_file()}


def _save(folder: Path, key: str, result: pl.DataFrame) -> None:
    """The rows first, then the line in the manifest: a partition named in the manifest is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    write(result, folder / f"{key}.parquet")
    temporary = folder / f".{key}.partial"
    manifest = {**_manifest(folder), key: {"rows": result.height}}
    temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    temporary.replace(folder / "manifest.json")


def _manifest(folder: Path) -> dict[str, dict[str, int]]:
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _key(partition: pl.DataFrame, settings: str) -> str:
    rows = hashlib.sha256(partition.hash_rows(seed=1).to_numpy().tobytes())
    rows.update(f"{partition.schema}|{settings}|{release()}".encode())
    return rows.hexdigest()[:32]
