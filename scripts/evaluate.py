"""`robosim evaluate AGENT …`: success and metrics with their 95 % intervals on held-out episodes."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from robosim.agents.evaluation.episodes import Episode, EvaluationError
from robosim.agents.evaluation.evaluator import Evaluator, check_agent, find_env, policy_source
from robosim.agents.evaluation.results import Result, check_writable, summarise, table, write_results
from robosim.agents.policies.find import BASELINES, Identity, identity, shipped
from robosim.agents.storage.card import Scalar
from robosim.agents.storage.files import AgentError
from robosim.agents.storage.provenance import usable_cores
from robosim.agents.storage.team import AnyFiles
from robosim.envs import ENVS
from robosim.scripts.cli import Minutes, command
from robosim.scripts.env_kwargs import take_kwargs
from robosim.seeding import Level, Split, checked_level


@dataclass(frozen=True)
class Options:
    """Judge agents on held-out episodes; several agents are judged on the same episodes, in one table.

    --env.kwargs.NAME VALUE is for the env, such as --env.kwargs.terrain stairs_up.
    """

    agents: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="AGENT [AGENT ...]")]
    """A shipped agent's name, the folder of an agent, a team or a run, random, zero or expert. blind:NAME acts without
    what it sees, controller:NAME without its network."""
    env: str | None = None
    """The env's id; where it is not given, the one the agents were trained on."""
    episodes: int = 100
    """How many episodes each agent plays."""
    split: Split = "test"
    """Which worlds: of these three splits none is a world of another."""
    seed: int = 0
    """The first episode's seed; the others count up from it."""
    level: str = "mixed"
    """How hard: 0 to 9, or mixed."""
    workers: int = field(default_factory=usable_cores)
    """Processes that play episodes. The results are the same for any number."""
    json: Path | None = None
    """Where to write the results."""


@dataclass(frozen=True)
class Entry:
    """One agent and the env it is judged in."""

    agent: str
    """As the user named it."""
    policy: str | AnyFiles
    """A baseline's name or the agent itself, read once: what is judged is what the results name."""
    card: Identity | None
    env: str
    kwargs: dict[str, Any]


@command
def main(argv: Sequence[str]) -> int:
    """Judge the agents that `argv` names, print the table and write the JSON.

    Raises:
        RobosimError: Something that was asked for does not exist or does not fit; before the first episode.
    """
    kwargs, words = take_kwargs(argv)
    options = tyro.cli(Options, prog="robosim evaluate", args=words)
    level = _checked(options, kwargs)
    if options.json is not None:
        check_writable(options.json)
    console = Console(stderr=True)
    entries = _entries(options, {**kwargs, "level": level, "split": options.split}, console)
    for entry in entries:
        check_agent(entry.policy, entry.env, entry.kwargs)
    typed = shlex.join(["robosim", "evaluate", *argv])
    results = _evaluate(entries, options, typed, console)
    Console().print(table(results))
    if options.json is not None:
        write_results(options.json, results)
        console.print(f"written to {options.json}", markup=False, highlight=False)
    return 0


def _checked(options: Options, kwargs: Mapping[str, Scalar]) -> Level:
    """Check what the types of the options do not, and give the level."""
    for name in sorted({"level", "split"} & set(kwargs)):
        raise EvaluationError(f"--env.kwargs.{name} cannot be set: --{name} says it")
    if not options.agents:
        raise EvaluationError(f"name at least one agent: {', '.join((*BASELINES, *shipped()))}, or a folder")
    for name, value, least in (
        ("--episodes", options.episodes, 1),
        ("--workers", options.workers, 1),
        ("--seed", options.seed, 0),
    ):
        if value < least:
            raise EvaluationError(f"{name} must be at least {least}, got {value}")
    level = options.level
    return checked_level(int(level) if level.isdecimal() else level)


def _entries(options: Options, kwargs: Mapping[str, Scalar], console: Console) -> list[Entry]:
    """Decide for every agent in which env it is judged; `kwargs` go before its own."""
    policies = [policy_source(name) for name in options.agents]
    cards = [None if isinstance(policy, str) else identity(policy) for policy in policies]
    known = [card for card in cards if card is not None]
    env = options.env or _common_env(known)
    find_env(env)
    if options.env is None and len(known) < len(cards):
        console.print(f"no --env was given: the baselines are judged in {env} too", highlight=False)
    # A baseline takes the arguments of the first agent of that env: it is there to be compared with it.
    trained = {card.env.id: card.env.kwargs for card in reversed(known)}
    entries = []
    for name, policy, card in zip(options.agents, policies, cards, strict=True):
        own = card.env.kwargs if card is not None and card.env.id == env else trained.get(env, {})
        entries.append(Entry(name, policy, card, env, {**own, **kwargs}))
    return entries


def _common_env(cards: Sequence[Identity]) -> str:
    found = sorted({card.env.id for card in cards})
    if not found:
        known = ", ".join(sorted(ENVS))
        raise EvaluationError(f"a baseline does not say in which env it acts: give --env (robosim has: {known})")
    if len(found) > 1:
        raise AgentError(f"the agents were trained on different envs ({', '.join(found)}): give --env")
    return found[0]


def _evaluate(entries: Sequence[Entry], options: Options, typed: str, console: Console) -> list[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[success]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress, Evaluator(options.workers) as evaluator:
        minutes = Minutes(console)
        return [_judge(entry, options, typed, evaluator, progress, minutes) for entry in entries]


def _judge(
    entry: Entry, options: Options, typed: str, evaluator: Evaluator, progress: Progress, minutes: Minutes
) -> Result:
    bar = progress.add_task(entry.agent, total=options.episodes, success="")
    successes: list[bool] = []

    def on_episode(episode: Episode) -> None:
        successes.append(episode.success)
        share = sum(successes) / len(successes)
        progress.update(bar, advance=1, success=f"success {share:.0%}")
        minutes.tell(f"{entry.agent}: {len(successes)} of {options.episodes} episodes, success {share:.0%}")

    start = time.perf_counter()
    episodes = evaluator.run(
        entry.policy, entry.env, entry.kwargs, options.episodes, options.seed, on_episode=on_episode
    )
    return summarise(
        episodes,
        agent=entry.agent,
        sha256=entry.card.sha256 if entry.card else None,
        env=entry.env,
        kwargs=entry.kwargs,
        seed=options.seed,
        command=typed,
        wall_clock_s=time.perf_counter() - start,
    )


if __name__ == "__main__":
    raise SystemExit(main())
