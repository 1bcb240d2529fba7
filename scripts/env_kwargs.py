"""--env.kwargs.NAME VALUE, as several commands take it: arguments of an env, whose names only the env knows."""

from collections.abc import Sequence

from robosim.agents.storage.card import Scalar
from robosim.errors import RobosimError

_PREFIX = "--env.kwargs."


class KwargsError(RobosimError):
    """An argument of an env without a value."""


def take_kwargs(words: Sequence[str]) -> tuple[dict[str, Scalar], list[str]]:
    """Splits such arguments off from the words of a command line.

    Returns:
        The arguments, and the other words.

    Raises:
        KwargsError: One has no value.
    """
    kwargs: dict[str, Scalar] = {}
    rest = list(words)
    for index in reversed([place for place, word in enumerate(rest) if word.startswith(_PREFIX)]):
        name, equals, value = rest[index].removeprefix(_PREFIX).partition("=")
        if not equals:
            if index + 1 == len(rest) or rest[index + 1].startswith("--"):  # such a value is written NAME=VALUE
                raise KwargsError(f"{rest[index]}: needs a value")
            value = rest.pop(index + 1)
        del rest[index]
        kwargs.setdefault(name, _scalar(value))  # from the right: the last one counts
    return kwargs, rest


def _scalar(text: str) -> Scalar:
    """A whole number, a number, a truth value, or else text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
