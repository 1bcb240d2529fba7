"""The whole job in robosim/WarehouseDeliver: who drives, who picks and who places take turns.

The rival is three scripted controllers, an agent may be three networks. What lies between is scripted for both: here,
to bring the arm over the deck and back; and in either manner of `docking`, to stand where the work is done.
"""

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.caution import Slews, cautious
from robosim.agents.policies.docking import CLOSER, Docking, Patient, back_off, free_ahead, free_behind, spot
from robosim.agents.policies.dwa import SPEED, Dwa
from robosim.agents.policies.picker import PickingExpert
from robosim.agents.policies.placer import EMPTY, LOAD, LOWEST, Placer, towards
from robosim.agents.policies.policy import Observation, Policy, State
from robosim.agents.policies.role import Role
from robosim.agents.policies.searcher import NOTHING, Searcher
from robosim.math import clip
from robosim.robots.courier import DECK
from robosim.robots.mast import CLEAR, REACH
from robosim.robots.picker import Picker

TURRET, LIFT, OUT, HELD = 0, 1, 2, 7  # in what the arm feels, with which "pick", "place" and "arm" begin
FRONT_HEIGHT = 17  # in "pick": how far the front is above the tool, m

ARRIVED = 0.32  # m from where it has to stand, from which on it goes there by itself
BACK_OFF = 0.30  # m, before it turns what it carries, or itself beside what it put down
IMPATIENCE = 0.006  # m, by which it has to back off less for each step that somebody stands behind it
TURNED = 0.30  # rad, turret: ahead, so that who picks may begin
AHEAD = 0.80  # rad, turret: ahead, so that who places may
ASIDE = 0.60  # rad, turret: nothing that it carries is ahead any more
READY = (CLEAR + 0.08, 1.25)  # m, heights at which who picks begins
DRAWN_IN = REACH[0] + 0.03  # m
OVER = 0.14  # m, of what is carried above the deck
STOWED = CLEAR + 0.1  # m, height of an empty arm
_NEARLY = 0.06  # rad, the turret's
_DT = 0.1  # s
_HALF = 0.2  # m, what of a package is below the cup, where nobody tells

SLEWS = Slews(Picker.braking, Picker.yaw_acceleration)
ARM_ACTIONS = slice(2, 6)
_DRIVE, _ARM = frozenset({"state", "lidar", "outlook", "unmapped", "rgb", "depth8"}), frozenset({"order"})
_ON_ARM = "_wrist", "_mast"


class Phase(IntEnum):
    """What it is about."""

    STOW = 0
    GO = 1
    NEAR = 2
    ALIGN = 3
    WORK = 4


class _Memory(NamedTuple):
    """What it remembers: columns of `Carrier`'s state.

    Attributes:
        phase: See `Phase`.
        fetching: Whether the package was to be fetched at the last step.
        backed: m backed off in this phase.
        bearing: rad, chosen by `Placer`; NaN before it has.
        reach: m, the same.
        drove: Whether who drives acted in the last step, and goes on with what it saw then.
        waited: s for which an arm that is drawn in has held a package that is still in its rack.
    """

    phase: float
    fetching: float
    backed: float
    bearing: float
    reach: float
    drove: float
    waited: float


class Carrier:
    """Takes turns among three policies.

    Args:
        drive: Acts on robosim/WarehouseNavigate's observations.
        pick: On robosim/WarehousePick's; by cameras it is led by `Searcher`.
        place: On robosim/WarehousePlace's.
        docking: How it stands where they take turns.
    """

    def __init__(
        self,
        drive: Policy | None = None,
        pick: Policy | None = None,
        place: Policy | None = None,
        docking: Docking | None = None,
    ) -> None:
        """Takes the scripted ones, and patience, where others are not given."""
        self._docking = Patient() if docking is None else docking
        self._drive: Policy = Dwa(Picker.braking, Picker.yaw_acceleration) if drive is None else drive
        self._pick: Policy = PickingExpert() if pick is None else pick
        self._search = Searcher(self._pick)
        self._place: Policy = Placer() if place is None else place

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `robosim.agents.policies.policy.Policy.predict`."""
        assert isinstance(observation, dict)
        single = observation["job"].ndim == 1
        rows = {key: part[None] if single else part for key, part in observation.items()}
        count = len(rows["job"])
        kept, searched, driving = _remembered(state, count)
        if episode_start is not None:
            kept[np.reshape(episode_start, -1)] = _begin()
        actions = np.zeros((count, 6), np.float32)
        for number in range(count):
            seen = {key: part[number] for key, part in rows.items()}
            felt = _felt(seen)
            if self._docking.hurries and felt[HELD] < 0.5:
                felt[LOAD] = EMPTY  # or it would move as one whose load has not been felt yet
            memory = self._next(seen, felt, _Memory(*kept[number].tolist()))
            if Phase(int(memory.phase)) == Phase.GO:
                before = tuple(part[number : number + 1] for part in driving) if driving else None
                base, after = self._go(seen, before, drove=memory.drove > 0)
                driving = _with_row(driving, after, number, count)
                actions[number] = [*base, *self._stow(seen, felt, memory)]
                kept[number] = memory._replace(drove=1.0)
            else:
                search = searched[number : number + 1]
                actions[number], kept[number] = self._act(seen, felt, memory._replace(drove=0.0), search)
        return (actions[0] if single else actions), (kept, searched, *(driving or ()))

    def _go(self, seen: dict[str, NDArray[np.float32]], before: State, *, drove: bool) -> tuple[list[float], State]:
        """Lets act who drives; gives what that one remembers, too.

        Args:
            seen: By the robot.
            before: What who drives remembered.
            drove: Whether it acted in the last step, too; otherwise it begins anew.
        """
        told = {key: part[None] for key, part in shares(seen)["drive"].items()}
        action, after = self._drive.predict(told, before, np.array([not drove]), deterministic=True)
        return cautious(action[0], seen, SLEWS).tolist(), after

    def _act(
        self,
        seen: dict[str, NDArray[np.float32]],
        felt: NDArray[np.float64],
        memory: _Memory,
        search: NDArray[np.float64],
    ) -> tuple[list[float], _Memory]:
        """Works, or goes there and away; writes into ``search`` what `Searcher` remembers of this robot."""
        phase = Phase(int(memory.phase))
        if phase == Phase.WORK:
            drawn_in = memory.fetching > 0 and felt[HELD] > 0.5 and felt[OUT] < DRAWN_IN
            memory = memory._replace(waited=memory.waited + _DT if drawn_in else 0.0)
            base = back_off(seen) if memory.waited > self._docking.patience else [0.0, 0.0]
            arm, memory = self._work(seen, memory, search)
            return [*base, *arm], memory
        search[:] = NOTHING
        if phase == Phase.STOW:
            made = max(-float(seen["state"][SPEED]), 0.0) * _DT if free_behind(seen) > CLOSER else IMPATIENCE
            swung = felt[HELD] < 0.5 or abs(felt[TURRET]) > ASIDE
            base = self._docking.leave(seen, backing=memory.backed < BACK_OFF, swung=swung)
            return [*base, *self._stow(seen, felt, memory)], memory._replace(backed=memory.backed + made)
        base = self._docking.approach(seen) if phase == Phase.NEAR else self._docking.align(seen)
        if felt[HELD] < 0.5:
            return [*base, *_make_ready(seen, felt), -1.0], memory
        if self._docking.brings(seen, has_come=phase == Phase.ALIGN):
            return [*base, *_bring_ahead(seen, felt), 1.0], memory
        return [*base, *self._stow(seen, felt, memory)], memory

    def _stow(self, seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64], memory: _Memory) -> list[float]:
        """Carries what it holds over the deck, or an empty arm as it docks."""
        held = felt[HELD] > 0.5
        return [*_stow(seen, felt, memory, math.pi if held else self._docking.stowed), 1.0 if held else -1.0]

    def _next(self, seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64], memory: _Memory) -> _Memory:
        """Says what it is about now."""
        docking, phase, away = self._docking, Phase(int(memory.phase)), spot(seen).away
        fetching = float(seen["job"][0])
        if fetching != memory.fetching:
            return _Memory(Phase.STOW, fetching, 0.0, math.nan, math.nan, 0.0, 0.0)
        over = docking.over if felt[HELD] > 0.5 else docking.stowed - _NEARLY
        if phase == Phase.STOW and memory.backed >= BACK_OFF and abs(felt[TURRET]) > over:
            phase = Phase.GO
        elif phase == Phase.GO and away < ARRIVED:
            phase = Phase.NEAR
        elif phase in (Phase.NEAR, Phase.ALIGN) and away > 2 * ARRIVED:
            phase = Phase.GO
        elif phase == Phase.NEAR and docking.comes(seen):
            phase = Phase.ALIGN
        elif phase == Phase.ALIGN and docking.strays(seen):
            phase = Phase.NEAR
        elif phase == Phase.ALIGN and docking.stands(seen):
            ready = abs(felt[TURRET]) < (TURNED if fetching else AHEAD)
            ready = ready and (not fetching or READY[0] - 0.03 < felt[LIFT] < READY[1] + 0.03)
            phase = Phase.WORK if ready else phase
        return memory._replace(phase=float(phase))

    def _work(
        self, seen: dict[str, NDArray[np.float32]], memory: _Memory, search: NDArray[np.float64]
    ) -> tuple[list[float], _Memory]:
        """Lets the arm's policies act."""
        told = shares(seen)
        if memory.fetching and "arm" in seen:
            action, after = self._search.predict(told["pick"], (search,), deterministic=True)
            assert after is not None
            search[:] = after[0]
            return action.tolist(), memory
        if memory.fetching:
            action, _ = self._pick.predict(told["pick"], deterministic=True)
            return action.tolist(), memory
        chosen = (np.array([[memory.bearing, memory.reach]]),)
        action, after = self._place.predict(told["place"], chosen, deterministic=True)
        if after is not None and after[0].shape == (1, 2):
            bearing, reach = after[0][0].tolist()
            memory = memory._replace(bearing=bearing, reach=reach)
        return action.tolist(), memory


def shares(seen: Mapping[str, Any]) -> dict[Role, Any]:
    """Gives what of an observation, or of its space, each of the three is told."""
    drive = {key: part for key, part in seen.items() if key in _DRIVE}
    if "arm" not in seen:
        return {"drive": drive, "pick": seen["pick"], "place": seen["place"]}
    arm = {"state": seen["arm"], **{key: part for key, part in seen.items() if key in _ARM or key.endswith(_ON_ARM)}}
    return {"drive": drive, "pick": arm, "place": arm}


def _remembered(state: State, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64], State]:
    """Gives rows of `_Memory` and of what `Searcher` remembers, and what who drives does, all to be changed."""
    if state is None:
        return np.tile(_begin(), (count, 1)), np.tile(NOTHING, (count, 1)), None
    kept, searched, *driving = (part.copy() for part in state)
    return kept, searched, tuple(driving)


def _with_row(whole: State, row: State, number: int, count: int) -> State:
    """Writes one robot's row into what is remembered of each of ``count``; there may be nothing to remember."""
    if row is None:
        return whole
    whole = whole or tuple(np.zeros((count, *part.shape[1:]), part.dtype) for part in row)
    for into, part in zip(whole, row, strict=True):
        into[number] = part[0]
    return whole


def _begin() -> _Memory:
    return _Memory(Phase.GO, 1.0, 0.0, math.nan, math.nan, 0.0, 0.0)


def _felt(seen: dict[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    """Gives what the arm feels."""
    felt = seen["arm"] if "arm" in seen else seen["pick"] if seen["job"][0] > 0.5 else seen["place"]
    return felt.astype(np.float64)


def _stow(
    seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64], memory: _Memory, turned: float
) -> list[float]:
    """Brings the arm to where it is carried: drawn in and lifted first, then turned, so far to either side."""
    lowest = _lowest(seen, felt)
    turret, arm = float(felt[TURRET]), float(felt[OUT])
    high = towards(felt, (DECK + OVER - lowest) if felt[HELD] > 0.5 else STOWED - float(felt[LIFT]), 1)
    drawn = towards(felt, REACH[0] - arm, 2)
    room = arm < DRAWN_IN and lowest > DECK + OVER / 2 and felt[LIFT] > CLEAR + 0.02
    backed = abs(turret) > ASIDE or felt[HELD] < 0.5 or _clear_ahead(seen, memory)
    side = turned if turret >= 0 else -turned
    return [towards(felt, side - turret, 0) if room and backed else 0.0, high, drawn]


def _clear_ahead(seen: dict[str, NDArray[np.float32]], memory: _Memory) -> bool:
    """Says whether there is room to turn what is carried: it has backed off. Cameras see what is carried, too."""
    return free_ahead(seen) > 0.55 if "lidar" in seen else memory.backed >= BACK_OFF


def _make_ready(seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64]) -> list[float]:
    """Turns the empty arm ahead, and raises it as the package stands."""
    height = float(felt[LIFT]) + (float(seen["pick"][FRONT_HEIGHT]) if "pick" in seen else 0.0)
    return [
        towards(felt, -float(felt[TURRET]), 0),
        towards(felt, clip(height, *READY) - float(felt[LIFT]), 1),
        towards(felt, REACH[0] - float(felt[OUT]), 2),
    ]


def _bring_ahead(seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64]) -> list[float]:
    """Turns what it carries from over the deck towards where it will be put down."""
    high = DECK + OVER - _lowest(seen, felt)
    turret = towards(felt, -float(felt[TURRET]), 0) if high < OVER / 2 else 0.0
    return [turret, towards(felt, high, 1), towards(felt, REACH[0] - float(felt[OUT]), 2)]


def _lowest(seen: dict[str, NDArray[np.float32]], felt: NDArray[np.float64]) -> float:
    """Gives how high the lowest is of what is carried, m."""
    if felt[HELD] < 0.5:
        return float(felt[LIFT])
    return float(seen["place"][LOWEST]) if "place" in seen else float(felt[LIFT]) - _HALF
