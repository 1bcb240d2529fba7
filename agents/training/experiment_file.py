"""Experiments from and to YAML, and errors that help.

Every wrong field is told at once, by its dotted name, its value, what is allowed, and where it came from.
"""

import difflib
import importlib.resources
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from robosim.agents.storage.strict_yaml import StrictYamlError, read_yaml
from robosim.agents.training.experiment import Experiment
from robosim.errors import RobosimError

AnyExperiment = TypeVar("AnyExperiment", bound=BaseModel)


class ExperimentError(RobosimError):
    """An experiment that cannot be run: the message names each wrong field."""


def load_experiment(name_or_path: str | Path) -> Experiment:
    """Read an experiment from a YAML file, or a shipped one by its name.

    Raises:
        ExperimentError: there is no such file or shipped name, or something in it is wrong.
    """
    return load_as(Experiment, name_or_path)


def load_as(model: type[AnyExperiment], name_or_path: str | Path, folder: str = ".") -> AnyExperiment:
    """Read an experiment of some kind, those of which come with robosim in a folder of `robosim.configs`.

    Raises:
        ExperimentError: see `load_experiment`.
    """
    path, source = Path(name_or_path), str(name_or_path)
    if path.is_file():
        text = path.read_text(encoding="utf-8")
    elif source in shipped_experiments(folder):
        text = (importlib.resources.files("robosim.configs") / folder / f"{source}.yaml").read_text(encoding="utf-8")
    else:
        known = ", ".join(shipped_experiments(folder))
        raise ExperimentError(f"{source}: no such file, and no shipped experiment of this name (there are: {known})")
    return parse_as(model, mapping(text, source), source)


def shipped_experiments(folder: str = ".") -> list[str]:
    """Names of the experiments that come with robosim, sorted; see `load_as`."""
    names = (entry.name for entry in (importlib.resources.files("robosim.configs") / folder).iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def parse_experiment(values: Mapping[str, object], source: str) -> Experiment:
    """Check plain values (nested dicts, as YAML gives them); `source` is what errors call their origin.

    Raises:
        ExperimentError: naming every wrong field.
    """
    return parse_as(Experiment, values, source)


def parse_as(model: type[AnyExperiment], values: Mapping[str, object], source: str) -> AnyExperiment:
    """Check plain values of an experiment of some kind; see `parse_experiment`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ExperimentError(_explain(error, source, model)) from None


def dump_experiment(experiment: BaseModel) -> str:
    """The whole experiment, defaults included, as YAML that `load_experiment` reads back to an equal one."""
    return yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def differing_fields(one: BaseModel, other: BaseModel) -> dict[str, tuple[object, object]]:
    """The dotted names of fields in which two of a kind, such as experiments, differ, with both values."""
    left, right = (dict(_leaves(_every_field(each))) for each in (one, other))
    names = dict.fromkeys([*left, *right])
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}


def _every_field(model: BaseModel) -> dict[str, object]:
    """The same as a dump, and what a dump leaves out because it is not used."""
    dumped = model.model_dump(mode="json")
    for name, value in model:
        if isinstance(value, BaseModel):
            dumped[name] = _every_field(value)
        elif name not in dumped:
            dumped[name] = value
    return dumped


def _leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def mapping(text: str, source: str) -> dict[str, object]:
    """Read YAML that maps field names to values; see `parse_experiment`."""
    try:
        values = read_yaml(text)
    except StrictYamlError as error:
        raise ExperimentError(f"{source}: not readable as YAML: {error}") from None
    if not isinstance(values, dict):
        raise ExperimentError(f"{source}: must map field names to values, and is {type(values).__name__}")
    return values


def _explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """Pydantic's errors as one line a field."""
    by_field: dict[str, list[str]] = {}
    for details in error.errors(include_url=False):
        head, what = _field_and_fault(details, model)
        by_field.setdefault(head, []).append(what)
    lines = []
    for head, faults in by_field.items():
        allowed = " or ".join(dict.fromkeys(faults))
        lines.extend([f"{head}: {allowed}"] if head else allowed.split("\n"))
    return f"{source}: {len(lines)} wrong {'field' if len(lines) == 1 else 'fields'}:" + "".join(
        f"\n  {line}" for line in lines
    )


def _field_and_fault(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """The field with its value (empty for a check over several fields), and what is wrong with it."""
    name = _dotted(details["loc"], model)
    if details["type"] == "extra_forbidden":
        return name, f"there is no such field{_did_you_mean(name, model)}"
    if details["type"] == "missing":
        return name, "is missing, and has no default"
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return (f"{name} = {details['input']!r}" if name else ""), message


def _dotted(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """The path of a field; pydantic's own names for the branches of a union are left out."""
    name = ""
    inside: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int):
            name += f"[{part}]"
        elif inside is not None:
            name += f".{part}"
            inside = _model_of(inside, part)
        elif name == ".env.kwargs":
            name += f".{part}"
    return name.removeprefix(".")


def _model_of(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model that a field holds, or None where it holds a plain value."""
    info = model.model_fields.get(field)
    kind = info.annotation if info is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _field_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name in model.model_fields:
        yield prefix + name
        inner = _model_of(model, name)
        if inner is not None:
            yield from _field_names(inner, f"{prefix}{name}.")


def _did_you_mean(name: str, model: type[BaseModel]) -> str:
    """The nearest known field: in the same part first, then of the same last name anywhere."""
    known = list(_field_names(model))
    prefix, _, last = name.rpartition(".")
    here = [other for other in known if other.rpartition(".")[0] == prefix]
    close = difflib.get_close_matches(name, here, n=1, cutoff=0.7)
    lasts = {other.rpartition(".")[2]: other for other in reversed(known)}
    close = close or [lasts[match] for match in difflib.get_close_matches(last, list(lasts), n=1, cutoff=0.8)]
    if close:
        return f"; did you mean {close[0]}?"
    return f" (there are: {', '.join(other.rpartition('.')[2] for other in here)})"
