"""``python -m ndgpu.bench`` on little data: a table, a chart, figures, and a check that can fail."""

import json
import subprocess
import sys

import numpy as np
import pytest

import ndgpu
from ndgpu import bench


def test_it_runs_and_writes_what_it_promises(tmp_path):
    chart, figures = tmp_path / "chart.svg", tmp_path / "figures.json"
    command = ["-m", "ndgpu.bench", "--device", "cpu", "--quick", "--seconds", "0.01"]
    run = subprocess.run(
        [sys.executable, *command, "--chart", chart, "--json", figures],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    rows = json.loads(figures.read_text())["rows"]
    assert len(rows) == 16
    assert all(row["numpy"] > 0 and row["drop_in"] > 0 and row["on_device"] > 0 for row in rows)
    assert run.stdout.count("\n| ") == len(rows) + 1
    assert "<svg" in chart.read_text()


def test_wrong_results_are_not_timed(device):
    case = next(bench.cases(device, quick=True))
    bench.check(case)
    wrong = bench.Case(**{**vars(case), "drop_in": lambda: np.zeros(10)})
    with pytest.raises(SystemExit, match="drop-in"):
        bench.check(wrong)


def test_bars():
    row = bench.Row("name", 10, 6.0, 2.0, 1.0, 4.0)
    assert row.ratio == 3.0
    assert "4: missed" in bench.table([row])
    assert ndgpu.__doc__
