"""The command line of `robosim train`, made from the fields of `Experiment`, which say what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, cast

import tyro
from pydantic import BaseModel
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from robosim.agents.training.device import DeviceName
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import (
    ExperimentError,
    load_experiment,
    parse_experiment,
    shipped_experiments,
)
from robosim.agents.training.run_folder import load_run
from robosim.scripts.env_kwargs import take_kwargs

_PROG = "robosim train CONFIG"


@dataclass(frozen=True)
class TrainOptions:
    """Train an agent as a YAML file says.

    CONFIG is a YAML file, or the name of a shipped experiment. Every field of it can be changed by an option,
    and env.kwargs takes any name: --env.kwargs.level 3. With --resume --out FOLDER, CONFIG may be left out.
    """

    experiment: Annotated[Experiment, tyro.conf.arg(name=""), tyro.conf.FlagConversionOff]
    out: Path | None = None
    """Folder of the run. Not given: runs/NAME, with the experiment's name."""
    resume: tyro.conf.FlagCreatePairsOff[bool] = False
    """Go on with the run in the folder from its last checkpoint."""
    device: DeviceName = "auto"
    """Where the network runs. auto: the CPU, and the GPU for networks that see images."""

    @property
    def folder(self) -> Path:
        """Where the run is, or is going to be."""
        return self.out or Path("runs") / self.experiment.name


def parse_options(argv: Sequence[str]) -> TrainOptions:
    """Read the command line.

    Raises:
        ExperimentError: no experiment is named, or a field of it is wrong, in the file or in an option.
        RunError: the run to be resumed is not there.
        SystemExit: by tyro, after --help or for an unknown option.
    """
    config, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else (None, argv)
    if config is None and {"-h", "--help"} & set(rest):
        return tyro.cli(TrainOptions, prog=_PROG, args=["--help"], registry=_registry())
    base = _base(config, rest)
    kwargs, rest = take_kwargs(rest)
    base = base.model_copy(update={"env": base.env.model_copy(update={"kwargs": {**base.env.kwargs, **kwargs}})})
    options = tyro.cli(TrainOptions, prog=_PROG, args=rest, default=TrainOptions(base), registry=_registry())
    values = cast(dict[str, object], options.experiment)  # see _registry
    source = f"{config or 'the run'} with the options of the command line"
    experiment = parse_experiment(values, source)
    return TrainOptions(experiment, options.out, options.resume, options.device)


def _base(config: str | None, rest: Sequence[str]) -> Experiment:
    """The experiment that the options change."""
    if config is not None:
        return load_experiment(config)
    out = [word.removeprefix("--out=") for word in rest if word.startswith("--out=")]
    out += [value for word, value in pairwise(rest) if word == "--out"]
    if "--resume" in rest and out:
        return load_run(out[-1])
    shipped = ", ".join(shipped_experiments())
    raise ExperimentError(
        f"which experiment? {_PROG} [options], where CONFIG is a YAML file or one of: {shipped}; "
        "or --resume --out FOLDER to go on with a run"
    )


def _registry() -> ConstructorRegistry:
    """Have tyro make plain dicts of the experiment and its parts: then all of it is checked at once."""
    registry = ConstructorRegistry()

    @registry.struct_rule
    def part(info: StructTypeInfo) -> StructConstructorSpec | None:
        kind = info.type
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return None
        fields = []
        for name, field in kind.model_fields.items():
            value = getattr(info.default, name, tyro.MISSING if field.is_required() else field.get_default())
            if value != {}:  # nothing to show, and tyro refuses an empty dict
                fields.append(StructFieldSpec(name, field.rebuild_annotation(), value, helptext=field.description))
        return StructConstructorSpec(instantiate=dict, fields=tuple(fields))

    return registry
