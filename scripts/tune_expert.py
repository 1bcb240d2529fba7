"""`python scripts/tune_expert.py`: searches weights for WheelBalance's regulator, so that the rival is good."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import Pool

import gymnasium as gym
import numpy as np
import tyro
from rich.console import Console
from rich.progress import track

from robosim.agents.policies.lqr import BalanceLqr, Weights
from robosim.scripts.cli import command

ENV = "robosim/WheelBalance-v3"
LEVELS = (7, 8, 9)  # below these it loses little


@dataclass(frozen=True)
class Options:
    """Random search: each try is the best so far with every weight multiplied by a log-normal factor."""

    tries: int = 60
    """How many sets of weights are tried."""
    episodes: int = 24
    """Episodes of the validation split that each set plays at each level."""
    spread: float = 0.4
    """Standard deviation of the factors' logarithm."""
    seed: int = 0
    """Seed of the search."""
    workers: int = 2
    """Processes."""


def score(job: tuple[Weights, int, int]) -> float:
    """Gives the share of successes of a set of weights at a level."""
    weights, level, episodes = job
    env, expert, wins = gym.make(ENV, level=level, split="val"), BalanceLqr(weights), 0
    for seed in range(episodes):
        observation, info = env.reset(seed=seed)
        state, ended = None, False
        while not ended:
            action, state = expert.predict(observation, state)
            observation, _, terminated, truncated, info = env.step(action)
            ended = terminated or truncated
        wins += info["is_success"]
    env.close()
    return wins / episodes


@command
def main(argv: Sequence[str]) -> int:
    """Searches, and prints every better set; the best belongs into `robosim.agents.policies.lqr.Weights`."""
    options = tyro.cli(Options, args=list(argv))
    console, rng = Console(), np.random.default_rng(options.seed)
    best, best_score = Weights(), -1.0
    with Pool(options.workers) as pool:
        for attempt in track(range(options.tries), "searching", console=Console(stderr=True)):
            factors = np.exp(options.spread * rng.standard_normal(len(asdict(best)))) if attempt else np.ones(8)
            tried = Weights(*(float(w * f) for w, f in zip(asdict(best).values(), factors, strict=True)))
            scores = pool.map(score, [(tried, level, options.episodes) for level in LEVELS], chunksize=1)
            if np.mean(scores) > best_score:
                best, best_score = tried, float(np.mean(scores))
                by_level = ", ".join(f"level {level}: {one:.2f}" for level, one in zip(LEVELS, scores, strict=True))
                console.print(f"{best_score:.3f} ({by_level}) {best}", soft_wrap=True, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
