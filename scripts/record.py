"""`robosim record AGENT --env ID …`: an agent's episodes as a Minari dataset, for imitation and offline learning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import robosim.envs  # noqa: F401 (registers the ids)
from robosim import __version__
from robosim.agents.evaluation.demonstrations import Demonstration, demonstrate, stacked
from robosim.agents.evaluation.evaluator import find_env
from robosim.agents.policies.find import kwargs_for, load_policy
from robosim.agents.storage.reading import AnyEnv
from robosim.errors import RobosimError
from robosim.scripts.cli import command
from robosim.seeding import Split, checked_level

_NOTE = "robosim"  # the key of the dataset's metadata that says how it was recorded


class RecordError(RobosimError):
    """Something that was asked for cannot be recorded."""


@dataclass(frozen=True)
class Options:
    """Record an agent's episodes as a Minari dataset, under $MINARI_DATASETS_PATH or else ~/.minari/datasets."""

    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
    """A shipped agent's name, the folder of an agent, a team or a run, random, zero or expert. blind:NAME acts without
    what it sees, controller:NAME without its network."""
    env: Annotated[str, tyro.conf.arg(metavar="ID")]
    """The env's id."""
    dataset: Annotated[str | None, tyro.conf.arg(metavar="ID")] = None
    """The dataset's id; where it is not given, robosim/ENV/AGENT-v0."""
    episodes: int = 100
    """How many; more of them are added to a dataset that was recorded in the same way with fewer."""
    seed: int = 0
    """The first episode's seed; the others count up from it."""
    split: Split = "train"
    """Which worlds; those of test are what agents are judged in."""
    level: str = "mixed"
    """How hard: 0 to 9, or mixed."""
    observation: str | None = None
    """What is kept of each step, as the env has it; an expert that needs to know more is told it all the same."""
    only_successes: tyro.conf.FlagCreatePairsOff[bool] = False
    """Leave out episodes that were no success; they count as played."""


@command
def main(argv: Sequence[str]) -> int:
    """Record what `argv` asks for, and print where it is.

    Raises:
        RobosimError: Minari is not installed, something does not exist or does not fit, or there is another dataset.
    """
    options = tyro.cli(Options, prog="robosim record", args=list(argv))
    kwargs = _checked(options)
    name = options.env.removeprefix("robosim/").rsplit("-v", 1)[0]
    prefix, _, agent = options.agent.rpartition(":")
    dataset = options.dataset or f"robosim/{name}/{prefix}{'-' if prefix else ''}{Path(agent).name}-v0"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(highlight=False)
    with ExitStack() as stack:
        env = _make(options.env, kwargs, stack)
        told = kwargs_for(options.agent, options.env, kwargs)
        known = None if told == kwargs else _make(options.env, told, stack)
        policy = load_policy(options.agent, known or env)
        how = {"agent": options.agent, "env": options.env, "kwargs": kwargs, "seed": options.seed}
        how |= {"only_successes": options.only_successes, "version": __version__}
        store = _Store(dataset, env, how, options.agent)
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True)))
        bar = progress.add_task(dataset, total=options.episodes, completed=min(store.played, options.episodes))
        for seed in range(options.seed + store.played, options.seed + options.episodes):
            store.add(demonstrate(env, policy, seed, known))
            progress.advance(bar)
    told_count = f"{store.kept} of {store.played} episodes" if options.only_successes else f"{store.kept} episodes"
    console.print(f"{dataset}: {told_count}, {store.steps} steps, in {store.path}", markup=False, soft_wrap=True)
    return 0


def _checked(options: Options) -> dict[str, Any]:
    """Refuse what cannot be done before anything is done, and give the env's arguments."""
    if find_spec("minari") is None or find_spec("h5py") is None:
        raise RecordError("Minari is not installed: pip install 'robosim[record]' (needs Python 3.11 or newer)")
    if options.episodes < 1 or options.seed < 0:
        raise RecordError(f"--episodes {options.episodes}, --seed {options.seed}: at least 1 and 0")
    find_env(options.env)
    level = checked_level(int(options.level) if options.level.isdecimal() else options.level)
    kwargs: dict[str, Any] = {"level": level, "split": options.split}
    return kwargs if options.observation is None else {**kwargs, "observation": options.observation}


def _make(env_id: str, kwargs: dict[str, Any], stack: ExitStack) -> AnyEnv:
    env: AnyEnv = gym.make(env_id, disable_env_checker=True, **kwargs)
    stack.callback(env.close)
    return env


class _Store:
    """A dataset on disk, to which episodes are added one by one: what was added outlives a later crash.

    Args:
        dataset: Its id.
        env: Whose episodes they are.
        how: They are recorded; a dataset that is there already must have been recorded just so.
        agent: Who acts.

    Attributes:
        path: Where it is.

    Raises:
        RecordError: There is another dataset of that name, or the name is not one.
    """

    def __init__(self, dataset: str, env: AnyEnv, how: dict[str, Any], agent: str) -> None:
        """Finds or makes it; see the class."""
        # Only here: Minari is an extra, which no other command needs.
        from minari import __version__ as minari_version
        from minari.dataset.minari_dataset import parse_dataset_id
        from minari.dataset.minari_storage import MinariStorage
        from minari.namespace import create_namespace, list_local_namespaces
        from minari.storage.datasets_root_dir import get_dataset_path

        try:
            namespace = parse_dataset_id(dataset)[0]
        except ValueError as error:
            raise RecordError(f"--dataset {dataset}: {error}") from error
        self.path: Path = get_dataset_path(dataset) / "data"
        if self.path.exists():
            self._storage = self._found(MinariStorage, dataset, how)
        else:
            if namespace is not None and namespace not in list_local_namespaces():
                create_namespace(namespace)
            self.path.mkdir(parents=True)
            self._storage = MinariStorage.new(
                self.path, env.observation_space, env.action_space, env.spec, jpeg_encoding=False
            )
            told = {"dataset_id": dataset, "algorithm_name": agent, "minari_version": minari_version}
            self._storage.update_metadata({**told, _NOTE: json.dumps({**how, "played": 0})})
        self._how = how

    def _found(self, storage_class: Any, dataset: str, how: dict[str, Any]) -> Any:  # noqa: ANN401 (untyped package)
        storage = storage_class.read(self.path)
        note = json.loads(storage.metadata.get(_NOTE, "{}"))
        note.pop("played", None)
        if note != how:
            differ = sorted(key for key in {*note, *how} if note.get(key) != how.get(key))
            raise RecordError(
                f"{dataset}: there is such a dataset already, recorded otherwise ({', '.join(differ)}): "
                "choose another --dataset, or delete it with `minari delete`"
            )
        return storage

    @property
    def played(self) -> int:
        """Episodes so far, those left out included."""
        noted = int(json.loads(self._storage.metadata[_NOTE])["played"])
        if not self.kept:
            return noted
        # Where it was stopped between an episode and its note, the episode counts.
        (last,) = self._storage.get_episode_metadata([self.kept - 1])
        return max(noted, int(last["seed"]) - int(self._how["seed"]) + 1)

    @property
    def kept(self) -> int:
        """Episodes in the dataset."""
        return int(self._storage.total_episodes)

    @property
    def steps(self) -> int:
        """Steps in the dataset."""
        return int(self._storage.total_steps)

    def add(self, episode: Demonstration) -> None:
        """Adds an episode."""
        from minari.data_collector import EpisodeBuffer

        played = self.played
        if episode.success or not self._how["only_successes"]:
            number = self.kept
            buffer = EpisodeBuffer(
                id=number,
                seed=episode.seed,
                observations=stacked(episode.observations),
                actions=stacked(list(episode.actions)),
                rewards=episode.rewards,
                terminations=episode.terminations,
                truncations=episode.truncations,
            )
            self._storage.update_episodes([buffer])
            told = {"success": episode.success, "total_return": sum(episode.rewards)}
            told |= {} if episode.level is None else {"level": episode.level}
            self._storage.update_episode_metadata([told], [number])
        note = json.dumps({**self._how, "played": played + 1})
        self._storage.update_metadata({_NOTE: note})


if __name__ == "__main__":
    raise SystemExit(main())
