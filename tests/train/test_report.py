"""Rows are kept as JSON and told as lines; what a resumed run will tell again is forgotten."""

import io
import json

from rich.console import Console

from kinora.train.report import METRICS_FILE, Report


def test_rows_are_kept_and_told(tmp_path):
    told = io.StringIO()
    with Report(tmp_path / "run", Console(file=told, width=20)) as report:
        report.row("train", step=3, loss={"full": 0.123456})
        report.row("held_out", step=3, loss={"full@0.5": 0.5})
    rows = [json.loads(line) for line in (tmp_path / "run" / METRICS_FILE).read_text().splitlines()]
    assert rows == [
        {"kind": "train", "step": 3, "loss": {"full": 0.123456}},
        {"kind": "held_out", "step": 3, "loss": {"full@0.5": 0.5}},
    ]
    first, second = told.getvalue().splitlines()
    assert first.split() == ["train", "step", "3", "loss", "full", "0.1235"]
    assert "full@0.5 0.5" in second


def test_on_a_terminal_steps_share_one_line(tmp_path):
    told = io.StringIO()
    with Report(tmp_path, Console(file=told, force_terminal=True, width=200)) as report:
        for step in range(50):
            report.row("train", step=step)
        report.row("held_out", step=50)
    lasting = [line for line in told.getvalue().splitlines() if "step" in line and "held_out" not in line]
    assert len(lasting) < 50
    assert "held_out  step 50" in told.getvalue()
    assert len((tmp_path / METRICS_FILE).read_text().splitlines()) == 51


def test_rewinding_forgets_later_rows_and_torn_ones(tmp_path):
    with Report(tmp_path) as report:
        report.rewind(5)  # nothing there yet: nothing happens
        for step in (1, 2, 3):
            report.row("train", step=step)
        with report.path.open("a") as file:
            file.write('{"kind": "train", "step": 2')
        report.rewind(2)
        report.row("train", step=3, again=True)
    rows = [json.loads(line) for line in report.path.read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert "again" in rows[-1]
