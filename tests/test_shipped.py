"""The agents that come with robosim are what their configuration makes, and as good as their results file says."""

from functools import cache
from pathlib import Path

import pytest

from robosim.agents.evaluation.evaluator import Evaluator, check_agent
from robosim.agents.evaluation.results import Result, read_results
from robosim.agents.evaluation.statistics import wilson
from robosim.agents.policies.find import PRETRAINED, identity, named_files, shipped
from robosim.agents.storage.agent import read_card
from robosim.agents.storage.team import is_team
from robosim.agents.training.experiment_file import load_experiment
from robosim.agents.training.mirrored import widened

CONFIGS = Path(__file__).parents[1] / "configs"
REPLAYED = 50  # episodes; more are not worth the minutes they take
EYES = "warehouse-pick-camera/eyes"  # what was trained of that team
TRAINED = [*(name for name in shipped() if not is_team(PRETRAINED / name)), EYES]


def recorded(name: str, agent: str) -> Result:
    """The result of a policy in the results file beside a shipped agent."""
    (result,) = (one for one in read_results(PRETRAINED / name / "results.json") if one.agent == agent)
    return result


@cache
def replayed(name: str) -> float:
    """Success of a shipped agent in the first of the episodes that its results are of."""
    result = recorded(name, name)
    with Evaluator(2) as evaluator:
        episodes = evaluator.run(name, result.env, result.kwargs, REPLAYED, result.seed)
    return sum(episode.success for episode in episodes) / REPLAYED


def test_an_agent_is_shipped() -> None:
    assert "wheel-balance" in shipped()


@pytest.mark.parametrize("name", TRAINED)
def test_a_shipped_agent_is_what_its_configuration_makes(name: str) -> None:
    made_by = name.split("/")[0].replace("-", "_")
    card, experiment = read_card(PRETRAINED / name), load_experiment(CONFIGS / f"{made_by}.yaml")
    assert (card.name, card.seed) == (experiment.name, experiment.seed)
    assert card.network == (widened(experiment.network) if experiment.ppo.mirror else experiment.network)
    assert (card.env.id, card.env.kwargs) == (experiment.env.id, experiment.env.kwargs)
    assert 0 < card.steps <= experiment.total_steps + experiment.rollout_steps
    check_agent(PRETRAINED / name, card.env.id, card.env.kwargs)


@pytest.mark.parametrize("name", shipped())
def test_the_results_are_those_of_the_shipped_weights(name: str) -> None:
    own, result = identity(named_files(name)), recorded(name, name)
    assert (result.sha256, result.env) == (own.sha256, own.env.id)
    for other in read_results(PRETRAINED / name / "results.json"):
        if (of := other.agent.rpartition(":")[2]) in shipped():
            assert other.sha256 == identity(named_files(of)).sha256, f"{other.agent} was judged before it was made anew"
    check_agent(name, own.env.id, own.env.kwargs)
    assert (result.split, result.level) == ("test", "mixed")
    assert result.episodes >= REPLAYED
    assert sum(level.episodes for level in result.by_level.values()) == result.episodes
    assert {"random", "zero"} <= {one.agent for one in read_results(PRETRAINED / name / "results.json")}


@pytest.mark.parametrize(("name", "rival"), [("terrain-navigate", "straight"), ("warehouse-deliver", "scripted")])
def test_a_rival_that_is_a_team_is_the_one_that_was_judged(name: str, rival: str) -> None:
    own = identity(named_files(PRETRAINED / name / rival))
    assert recorded(name, f"agents/pretrained/{name}/{rival}").sha256 == own.sha256


def test_the_whole_job_takes_at_most_85_hundredths_of_the_rivals_time() -> None:
    ours, rival = recorded("warehouse-deliver", "warehouse-deliver"), recorded("warehouse-deliver", "expert")
    assert ours.median_time is not None
    assert rival.median_time is not None
    assert ours.median_time <= 0.85 * rival.median_time


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_agent_is_as_good_as_its_results_say(name: str) -> None:
    """At the recorded rate, so few episodes give a share within their own Wilson interval, 19 times out of 20."""
    success = recorded(name, name).success
    assert success.mean is not None
    assert success.ci95 is not None
    few = wilson(round(success.mean * REPLAYED), REPLAYED)
    assert replayed(name) >= min(few.low, success.ci95[0])


@pytest.mark.slow
def test_the_shipped_balancer_beats_the_expert() -> None:
    ours, expert = recorded("wheel-balance", "wheel-balance").success, recorded("wheel-balance", "expert").success
    assert ours.ci95 is not None
    assert expert.ci95 is not None
    assert expert.mean is not None
    assert ours.ci95[0] > expert.ci95[1]
    assert replayed("wheel-balance") > expert.mean
