"""What one training run is: `Experiment`, a typed, frozen object with every default, read from a short YAML.

Only declarations belong here. How a YAML or a command line becomes one, and how errors are told, is
`experiment_file.py`; what is done with it is `train.py`. The docstring below a field is its help text on the
command line.
"""

from operator import not_
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from robosim.agents.policies.network import MAX_WIDTH, NetworkConfig
from robosim.agents.storage.card import EnvKwargs, Scalar

Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class _Frozen(BaseModel):
    """A part of an experiment: immutable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EnvConfig(_Frozen):
    """Which env is learnt."""

    id: Annotated[str, Field(min_length=1)]
    """Gymnasium id, as in gym.make."""
    kwargs: EnvKwargs = {}
    """Keyword arguments of the env: level, observation, ... (not split and not render_mode)."""
    critic: EnvKwargs = {}
    """Keyword arguments of the env as the critic observes it, where it may know more than the actor, as
    `{observation: full}`: of the training envs alone. They may change nothing that happens."""
    training: Annotated[EnvKwargs, Field(exclude_if=not_)] = {}  # so that earlier runs can go on
    """Keyword arguments of the training envs alone, such as `{begins: anywhere}`: the agent is validated, and its card
    says that it acts, without them."""
    curriculum: Annotated[bool, Field(exclude_if=not_)] = False  # so that earlier runs can go on
    """Each training env at a level of its own, which rises after a success and falls after an early failure or two;
    who succeeds at the highest is sent to any (`robosim.agents.vector.curriculum`). False: as kwargs.level says."""
    splits: bool = True
    """Whether the env takes split="train"/"val"/"test", as every robosim env does. False for envs of other
    packages: validation then differs from training only by its seeds."""


class PpoConfig(_Frozen):
    """The settings of PPO, named as in Stable-Baselines3."""

    n_steps: Annotated[int, Field(ge=2)] = 256
    """Steps that each env makes between two updates."""
    batch_size: Annotated[int, Field(ge=2)] = 512
    """Steps in one minibatch; divides n_steps * envs."""
    n_epochs: Count = 10
    """Passes over the collected steps in one update."""
    learning_rate: Annotated[Finite, Field(gt=0, le=1)] = 1e-3
    """Adam's learning rate, at the start."""
    schedule: Literal["constant", "linear"] = "linear"
    """Learning rate over the run: constant, or falling in a line to 1 % at total_steps."""
    gamma: Annotated[Finite, Field(gt=0, le=1)] = 0.98
    """Discount of one step."""
    gae_lambda: Annotated[Finite, Field(ge=0, le=1)] = 0.95
    """Lambda of the generalised advantage estimate."""
    clip_range: Annotated[Finite, Field(gt=0, lt=1)] = 0.2
    """How far one update may move the probability ratio from 1."""
    ent_coef: Annotated[Finite, Field(ge=0)] = 0.0
    """Weight of the entropy bonus."""
    vf_coef: Annotated[Finite, Field(ge=0)] = 0.5
    """Weight of the value loss."""
    max_grad_norm: Annotated[Finite, Field(gt=0)] = 0.5
    """Gradients are scaled down to this norm."""
    target_kl: Annotated[Finite, Field(gt=0)] | None = 0.03
    """An update stops early when the policy has moved 1.5 times this far; None: never."""
    mirror: Annotated[bool, Field(exclude_if=not_)] = False  # so that runs from before there was a mirror can go on
    """Whether the policy is right in the mirror, too, and so learns from each step for both sides: for robots whose
    sides are alike. The agent's hidden layers are twice as wide then, one half for each side."""


class NormaliseConfig(_Frozen):
    """Running normalisation. The statistics are kept inside the agent."""

    observation: bool = True
    """Shift and scale observations to mean 0, variance 1."""
    keys: tuple[str, ...] | None = None
    """Of a dict observation, the parts that this is done to; None: all of them. What is scaled already should stay as
    it is: a sector in which somebody moves once in a hundred steps would be blown up to the clip, fast or slow."""
    reward: bool = False
    """Scale rewards by the standard deviation of the discounted return (training only)."""
    clip: Annotated[Finite, Field(gt=0)] = 10.0
    """Normalised values are clipped to plus and minus this."""


class ValidationConfig(_Frozen):
    """How the best agent is chosen, on the validation split; the test split is never used in training."""

    every_steps: Count = 200_000
    """Env steps between two validations; one more is made at the end."""
    episodes: Count = 50
    """Episodes of one validation, always the same ones."""
    level: Annotated[int, Field(ge=0)] | Literal["mixed"] | None = None
    """Level of the validation episodes; None: as in env.kwargs."""


class Experiment(_Frozen):
    """One training run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
    """Name of the run and its agent: letters, digits, '-', '_', '.'."""
    env: EnvConfig
    """Which env is learnt."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of the network, of exploration and of the training episodes."""
    total_steps: Count = 1_000_000
    """Env steps of the whole run, over all envs."""
    envs: Count = 16
    """Envs that are stepped together."""
    workers: Count = 2
    """Processes that share the envs (and the validation episodes)."""
    start_from: Annotated[str | None, Field(min_length=1, exclude_if=lambda name: name is None)] = None
    """An agent whose network, exploration and observation statistics it begins with: a shipped one, or the folder of an
    agent or of a run."""
    teacher: Annotated[str, Field(min_length=1)] = "expert"
    """Whom the network first imitates: the scripted expert, a shipped agent or team, or the folder of one. A teacher
    may observe what the network does not: it then has envs of its own, which play the same episodes."""
    expert_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Env steps of the teacher that the network first learns to imitate; 0: of none."""
    expert_rounds: Annotated[int, Field(ge=1, le=100)] = 1
    """Rounds in which these steps are made. In the first the teacher acts; in later ones the network does, and the
    teacher says what it would have done."""
    expert_epochs: Annotated[int, Field(ge=1, le=1000)] = 30
    """Passes over all that was recorded, at last; a third as many between two rounds."""
    expert_auxiliary: Annotated[Finite, Field(ge=0, exclude_if=not_)] = 0.0  # so that earlier runs can go on
    """Weight of a further loss while a network with cameras imitates a teacher that observes something else: besides
    what to do it tells what the teacher observes, from what it makes of pictures."""
    network: NetworkConfig = NetworkConfig()
    """The actor and the critic."""
    ppo: PpoConfig = PpoConfig()
    """The settings of PPO."""
    normalise: NormaliseConfig = NormaliseConfig()
    """Running normalisation."""
    validation: ValidationConfig = ValidationConfig()
    """How the best agent is chosen."""
    checkpoint_every_s: Annotated[Finite, Field(ge=0, le=60)] = 30.0
    """Seconds between two checkpoints, which are written between updates: what a kill may cost, at most a minute."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Experiment":
        problems = _misfits(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def rollout_steps(self) -> int:
        """Env steps of one update, over all envs."""
        return self.ppo.n_steps * self.envs

    def env_kwargs(self, split: Literal["train", "val"]) -> dict[str, Scalar]:
        """Keyword arguments for gym.make on one split; validation has its own level where one is set.

        Training is in envs that also tell what only the critic may know.
        """
        kwargs = dict(self.env.kwargs)
        if split == "train":
            kwargs |= self.env.training | self.env.critic
        if split == "val" and self.validation.level is not None:
            kwargs["level"] = self.validation.level
        if self.env.splits:
            kwargs["split"] = split
        return kwargs


def _misfits(experiment: Experiment) -> list[str]:
    """What is wrong between fields, a line each, beginning with the field's dotted name."""
    lines = []
    rollout, batch = experiment.rollout_steps, experiment.ppo.batch_size
    if rollout % batch:
        lines.append(f"ppo.batch_size = {batch}: must divide ppo.n_steps * envs = {rollout}")
    if experiment.workers > experiment.envs:
        lines.append(f"workers = {experiment.workers}: must be at most envs = {experiment.envs}")
    if experiment.env.critic and experiment.network.encoder is None:
        lines.append(f"env.critic = {experiment.env.critic}: only an agent that sees, with a network.encoder, has such")
    if experiment.network.residual and experiment.expert_steps:
        lines.append(
            f"expert_steps = {experiment.expert_steps}: must be 0 with network.residual, "
            f"as the network begins as good as {experiment.network.residual}"
        )
    if experiment.expert_auxiliary and not (experiment.expert_steps and experiment.network.encoder):
        lines.append(
            f"expert_auxiliary = {experiment.expert_auxiliary}: only a network with network.encoder that imitates, "
            f"with expert_steps, learns from it"
        )
    if experiment.start_from and experiment.ppo.mirror:
        lines.append(f"start_from = {experiment.start_from}: must be none with ppo.mirror, as agents have no mirror")
    if experiment.start_from and experiment.network.encoder and experiment.network.encoder.weights:
        lines.append(f"start_from = {experiment.start_from}: must be none with network.encoder.weights, or the other")
    if experiment.ppo.mirror and experiment.network.wishes:
        lines.append(
            f"ppo.mirror = true: must be false with network.residual = {experiment.network.residual}, "
            f"as a mirror turns actions around, and that one is told wishes"
        )
    hidden = experiment.network.hidden
    if experiment.ppo.mirror and not (hidden and 2 * max(hidden) <= MAX_WIDTH):
        lines.append(
            f"network.hidden = {list(hidden)}: with ppo.mirror, one layer or more, of at most {MAX_WIDTH // 2} units"
        )
    return lines + _env_misfits(experiment.env)


def _env_misfits(env: EnvConfig) -> list[str]:
    lines, own = [], env.id.startswith("robosim/")
    level = {**env.kwargs, **env.training}.get("level", "mixed")
    if env.curriculum and level != "mixed":
        lines.append(f"env.curriculum = True: sets the level of training envs, which is told to be {level}")
    if env.curriculum and not own:
        lines.append(f"env.curriculum = True: {env.id} is none of robosim's envs, whose levels it knows to set")
    if not env.splits and own:
        lines.append(f"env.splits = False: {env.id} has splits, and validation must not train on them")
    return lines
