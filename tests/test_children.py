"""Processes end with the one that started them, whether it is asked to end or killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.home import dbt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
PARENT = """
import subprocess, sys
from pipelines.home import dbt
code = "import runpy, sys, types, time, os; " \\
    "m = types.ModuleType('dbt.cli.main'); " \\
    "m.cli = lambda prog_name: (print(os.getpid(), flush=True), time.sleep(60)); " \\
    "sys.modules.update({'dbt': m, 'dbt.cli': m, 'dbt.cli.main': m}); " \\
    f"runpy.run_path({dbt.DBT[-1]!r}, run_name='__main__')"
subprocess.run([sys.executable, "-P", "-c", code])
"""
DEV = """
import os, sys
from pipelines.home import child
child.PATIENCE_SECONDS = 2
code = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', " \\
    "'import time, signal; {deaf}time.sleep(60)']); print(p.pid, flush=True); time.sleep(60)"
sys.exit(child.call([sys.executable, "-c", code], os.environ))
"""


def is_alive(process_id: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except FileNotFoundError:
        return False


def ends(process_id: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while is_alive(process_id) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_alive(process_id)


def started(code: str) -> tuple[subprocess.Popen[str], int]:
    """A process that runs the code, and the process id that it printed."""
    environment = {**os.environ, "PYTHONPATH": str(Path(dbt.__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    return process, int(process.stdout.readline())


def test_dbt_dies_with_a_run_that_is_killed() -> None:
    process, child_id = started(PARENT)
    assert is_alive(child_id)
    process.kill()
    process.wait()
    assert ends(child_id, 5)


@pytest.mark.parametrize("deaf", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN); "])
def test_dev_takes_all_that_it_started_with_it(deaf: str) -> None:
    process, grandchild_id = started(DEV.format(deaf=deaf))
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert ends(grandchild_id, 1)


def test_dbt_is_a_program_of_one_word(tmp_path: Path) -> None:
    from gate_homes import home

    settings = home(tmp_path)
    settings.warehouse.mkdir(parents=True)
    told = subprocess.run([str(dbt.executable(settings)), "--version"], capture_output=True, text=True, check=False)
    assert told.returncode == 0 and "duckdb" in told.stdout + told.stderr
