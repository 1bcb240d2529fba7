"""`robosim demo`: train a robot from nothing, judge it beside others, film it, and write a page about it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from robosim.agents.curve import read_curve
from robosim.agents.episodes import Episode
from robosim.agents.evaluate import Evaluator
from robosim.agents.experiment import Experiment
from robosim.agents.experiment_file import load_experiment
from robosim.agents.film import FPS, HOLD_S
from robosim.agents.film_apart import Take, side_by_side
from robosim.agents.provenance import usable_cores
from robosim.agents.report import Report, write_report
from robosim.agents.results import Result, summarise, table, write_results
from robosim.agents.run_folder import RunFolder
from robosim.agents.status import Outcome, Status
from robosim.agents.train import train
from robosim.errors import RobosimError
from robosim.render.video import Video
from robosim.scripts.cli import INTERRUPTED, command
from robosim.scripts.demo_cast import Player, cast, metric_units, new_folder, program, worth_seeing
from robosim.seeding import Split

SEED, SPLIT = 0, "test"
