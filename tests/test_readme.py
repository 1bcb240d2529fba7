"""The README: its figures are those of the results files, its commands exist, its files are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from robosim.agents.evaluation.results import read_results
from robosim.agents.policies.find import PRETRAINED
from robosim.scripts import tables
from robosim.scripts.curves import Curve, Curves
from robosim.scripts.main import COMMANDS
from robosim.scripts.tables import filled

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_roads_are_told_by_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = [Curve(name="a", seed=k, steps=[8.0, 10.0], minutes=[1.0, 2.0 + k], values=[0.0, 0.2 * k]) for k in (0, 1)]
    told = Curves(command="it", of="of", date="", machine={"cpu": "some", "cores": 2}, versions={}, curves=curves)
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "ROADS", tmp_path / "roads.json")
    assert tables.roads_table() == ""
    (tmp_path / "roads.json").write_text(told.model_dump_json())
    assert "| a | 2 | 10 | 2.5 (2.0 to 3.0) | 10 % (0 % to 20 %) |" in tables.roads_table()


def test_its_tables_are_the_results_files() -> None:
    assert filled(README) == README, "run: python scripts/tables.py"


def test_under_a_table_stands_what_made_each_of_its_rows() -> None:
    made = {path.relative_to(ROOT).as_posix(): read_results(path) for path in PRETRAINED.glob("*/results*.json")}
    assert any(len({row.command for row in rows}) > 1 for rows in made.values())
    for source, rows in made.items():
        (below,) = (line for line in README.splitlines() if f"({source})" in line)
        assert all(f"`{row.command}`" in below for row in rows), source


def test_its_commands_exist() -> None:
    named = set(re.findall(r"robosim (\w+)", "\n".join(re.findall(r"```console\n(.*?)```", README, re.DOTALL))))
    assert named
    assert named <= set(COMMANDS)
    targets = set(re.findall(r"^\$ make (\S+)", README, re.MULTILINE))
    assert {"demo", "test"} <= targets
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_its_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link


@pytest.mark.medium
def test_its_python_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    # All in one process: the second goes on with the first one's `env` and `observation`.
    code = "\n".join([*blocks]).replace("env.close()\n", "", 1)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
