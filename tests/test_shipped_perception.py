"""The perception networks that come with robosim are what their YAML makes, and as good as their results file says."""

import hashlib
from pathlib import Path
from typing import cast

import pytest
import torch

from robosim.agents.perception.experiment import load_perception, shipped_perception
from robosim.agents.perception.judge import judge
from robosim.agents.perception.network_file import NETWORK_NAME, SHIPPED, find_network, load_network
from robosim.agents.perception.results import PerceptionResult, read_perception_results
from robosim.agents.perception.scores import scores
from robosim.perception.answers import NetworkSeer
from robosim.perception.data.make import make
from robosim.perception.data.recipe import EDITION, Recipe
from robosim.perception.data.shards import Shards

NETWORKS = sorted(path.parent.name for path in SHIPPED.glob(f"*/{NETWORK_NAME}"))
FIGURES = ("miou", "ap50/person", "ap50/forklift", "ap50/package", "free_near", "symbol", "colour", "legible")


def recorded(name: str) -> PerceptionResult:
    (result,) = (one for one in read_perception_results(SHIPPED / name / "results.json") if one.subject == name)
    return result


def test_networks_are_shipped() -> None:
    assert {"closer", "eyes", "labels", "scene"} <= set(NETWORKS) <= set(shipped_perception())


def test_a_name_means_the_shipped_network_wherever_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = find_network("scene")
    own = tmp_path / "scene" / NETWORK_NAME
    own.parent.mkdir()
    own.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert find_network("scene") == shipped
    assert find_network("./scene").resolve() == own.resolve()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_what_its_yaml_makes_and_its_results_are_its_own(name: str) -> None:
    card, _ = load_network(name)
    experiment = load_perception(name)
    assert card.network == experiment.network
    assert (card.name, card.seed) == (experiment.name, experiment.seed)
    assert 0 < card.updates <= experiment.fit.updates
    assert recorded(name).sha256 == hashlib.sha256((SHIPPED / name / NETWORK_NAME).read_bytes()).hexdigest()


@pytest.mark.medium
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_sees_as_well_as_its_results_say(name: str, tmp_path: Path) -> None:
    result = recorded(name)
    recipe = Recipe(**cast("dict[str, int]", result.recipe))
    assert recipe.edition == EDITION
    make(tmp_path / "pictures", recipe, {"test": 1})  # a shard, of the worlds with which the results begin
    shards = Shards(tmp_path / "pictures", "test")
    tally = judge(NetworkSeer(load_network(name)[1]), shards, range(len(shards)), torch.device("cpu"))
    found = scores(tally, shards.worlds().tolist(), resamples=200)
    for figure in sorted(set(FIGURES) & set(result.scores)):
        here, whole = found[figure], result.scores[figure]
        assert here.mean is not None
        assert here.ci95 is not None
        assert whole.ci95 is not None
        spread = here.ci95[1] - here.mean
        assert here.mean + 2 * spread >= whole.ci95[0], f"{figure}: {here} here, {whole} in the results"
