"""Reading YAML from people one does not know: plain data, no aliases, no duplicate keys, nothing of vast size."""

from __future__ import annotations

from collections.abc import Hashable

import yaml

MAX_DEPTH = 16
MAX_BITS = 63  # of a whole number


class StrictYamlError(ValueError):
    """The text is not the plain YAML robosim reads."""


class _StrictLoader(yaml.SafeLoader):
    """`SafeLoader` without the surprises: aliases (bombs), merge keys, duplicates, deep nesting."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise self._here("aliases (*name) are not allowed")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._here(f"nested deeper than {MAX_DEPTH}")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _here(self, message: str) -> yaml.MarkedYAMLError:
        return _problem(message, self.peek_event().start_mark)  # type: ignore[no-untyped-call]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:str":
                raise _problem(f"keys must be text, got {key_node.value!r}", key_node.start_mark)
            if key_node.value in seen:
                raise _problem(f"duplicate key {key_node.value!r}", key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        # Python refuses to write a number of thousands of digits, even into the error that complains of it.
        value: int = super().construct_yaml_int(node)
        if value.bit_length() > MAX_BITS:
            raise _problem(f"a whole number of more than {MAX_BITS} bits", node.start_mark)
        return value


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_yaml_int)


def read_yaml(text: str | bytes) -> object:
    """Parse one document of plain data: mappings with text keys, lists, text, numbers, booleans, dates, null.

    Raises:
        StrictYamlError: The text is not YAML, or more than plain data; the message names line and column.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: such as the 31st of June
        raise StrictYamlError(" ".join(str(error).split())) from error


def _problem(message: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=message, problem_mark=mark)
