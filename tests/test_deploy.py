"""What can be held of image, compose file and workflow without Docker: they name what is there and open nothing."""

import json
import re
import shlex
from typing import Any

import audit_complete
import pytest
import yaml
from conftest import REPOSITORY
from typer.testing import CliRunner

from pipelines.cli import app

pytestmark = pytest.mark.fast

DOCKERFILE = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "deploy" / "compose.yml").read_text(encoding="utf-8"))


def workflow() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))


def test_the_image_copies_what_exists_and_what_the_wheel_packs() -> None:
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.M) for word in line.split()[:-1]]
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()
    assert set(copied).isdisjoint(ignored)
    assert {"pipelines", "forecasts", "expectations", "dbt_project"} <= set(copied)


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    assert DOCKERFILE.count("--require-hashes") == 2 and "--no-deps" in DOCKERFILE
    users = re.findall(r"^USER (.*)$", DOCKERFILE, re.M)
    assert users == ["almanac"]
    python = re.findall(r"^FROM python:([\d.]+)", DOCKERFILE, re.M)
    assert set(python) == {"3.11"}, "the lock is compiled for it"


def test_services_are_commands_of_the_product_and_nothing_is_open_to_the_network() -> None:
    services = compose()["services"]
    assert set(services) == {"webserver", "daemon", "postgres"}
    for name in ("webserver", "daemon"):
        command = services[name]["command"]
        told = CliRunner().invoke(app, [command[0], "--help"])
        assert told.exit_code == 0 and command[0] == "serve" and command[1] == name
        options = [word for word in command if word.startswith("--")]
        assert all(option in told.output for option in options)
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:3000:3000"]


def test_no_password_stands_in_a_file() -> None:
    for service in compose()["services"].values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or value.startswith("${POSTGRES_PASSWORD:?")


def test_the_workflow_calls_targets_that_exist_and_may_only_read() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    jobs = workflow()["jobs"]
    called = [shlex.split(step["run"]) for job in jobs.values() for step in job["steps"] if "run" in step]
    assert {words[1] for words in called if words[0] == "make"} <= targets
    assert workflow()["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] for job in jobs.values())
    assert set(jobs["test"]["strategy"]["matrix"]["python"]) == {"3.11", "3.12"}


def test_an_audit_that_skipped_a_package_fails() -> None:
    lock = "alpha==1.0 \\\n    --hash=sha256:aa\nBeta_c[x]==2.0.post1 ; python_version < '3.12'\n    # via alpha\n"
    bill = {"components": [{"name": "alpha", "version": "1.0"}]}
    assert audit_complete.missing(lock, json.dumps(bill)) == ["beta-c==2.0.post1"]
    bill["components"].append({"name": "beta.c", "version": "2.0.post1"})
    assert audit_complete.missing(lock, json.dumps(bill)) == []
    real = audit_complete.pinned((REPOSITORY / "requirements.lock").read_text(encoding="utf-8"))
    assert len(real) > 150 and any(name.startswith("dagster==") for name in real)
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert "pip-audit --strict --require-hashes" in makefile
