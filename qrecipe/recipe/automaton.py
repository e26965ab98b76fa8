"""Many patterns over many names at once, in time linear in each name.

All globs go into one nondeterministic automaton whose states are shared by patterns that begin alike; whole names, the
common case, into a dictionary. A name is walked once: the set of states that it can be in is never larger than the
automaton, and a set once left by a character is remembered (within a bound), so that names which begin alike cost a
look-up a character. No backtracking, no expansion of `{a,b}{c,d}` or `{3..120}` to lists of names.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import merge
from typing import TYPE_CHECKING

from qrecipe.recipe.pattern_nodes import Alternatives, CharClass, Glob, Piece, Range, Run, Text, decimal_globs
from qrecipe.recipe.regex import RegexSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qrecipe.recipe.pattern import Pattern

SUFFIX = ".weight"  # a pattern may leave it out
_REMEMBERED = 2_000_000  # most states, counted over all remembered sets


class PatternSet:
    """Patterns in rule order; `hf:` is the caller's business, who brings the names.

    >>> from qrecipe.errors import Location
    >>> from qrecipe.recipe.pattern import parse_pattern
    >>> from qrecipe.recipe.variables import Variables
    >>> rules = [parse_pattern(text, Location(), Variables()) for text in ("blk.*.attn_{q,k}", "output", "**")]
    >>> [list(found) for found in PatternSet(rules).match(["blk.0.attn_q.weight", "output.weight", "rope_freqs"])]
    [[0, 2], [1, 2], [2]]
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._names: defaultdict[str, list[int]] = defaultdict(list)
        self._globs = Automaton()
        regexes: list[tuple[int, str]] = []
        for index, pattern in enumerate(patterns):
            if pattern.regex is not None:
                regexes.append((index, pattern.regex))
            elif pattern.literal is not None:
                self._names[pattern.literal].append(index)
            else:
                self._globs.add(pattern.glob, index)
        self._regexes = RegexSet(regexes)

    def match(self, names: Iterable[str]) -> Iterator[Iterator[int]]:
        """Yield for each name the indexes of the patterns that cover it, ascending, found as they are asked for."""
        for name in names:
            yield self.covering(name)

    def covering(self, name: str) -> Iterator[int]:
        """Yield the indexes of the patterns that cover the whole name, or the name less a final `.weight`."""
        short = len(name) - len(SUFFIX) if name.endswith(SUFFIX) else None
        found = self._globs.accepted(name, short)
        for spelled in (name,) if short is None else (name, name[:short]):
            if spelled in self._names:
                found.append(self._names[spelled])
            if by_regex := self._regexes.covering(spelled):
                found.append(by_regex)
        last = -1
        for index in found[0] if len(found) == 1 else merge(*found):
            if index != last:
                yield index
            last = index


@dataclass(slots=True, eq=False)
class _Set:
    """A set of states that names can be in together, and the sets that characters lead to."""

    states: frozenset[int]
    after: dict[str, _Set] = field(default_factory=dict)


class Automaton:
    """The globs of a PatternSet. State 0 is the start; `visits` counts visited states, for tests of linear time."""

    def __init__(self) -> None:
        self._characters: list[dict[str, int]] = [{}]  # state → character → state
        self._classes: defaultdict[int, list[tuple[CharClass, int]]] = defaultdict(list)
        self._free: defaultdict[int, list[int]] = defaultdict(list)  # state → states reached without a character
        self._accepts: defaultdict[int, list[int]] = defaultdict(list)
        self._made: dict[tuple[int, Piece], int] = {}  # a piece after a state → the state behind it
        self._sets: dict[frozenset[int], _Set] = {}
        self._remembered = 0
        self.visits = 0

    @property
    def size(self) -> int:
        """The number of states."""
        return len(self._characters)

    def add(self, glob: Glob, index: int) -> None:
        """Add a glob; indexes must come in ascending order, and all globs before the first name."""
        self._accepts[self._behind_all(0, glob)].append(index)

    def accepted(self, name: str, short: int | None) -> list[Iterable[int]]:
        """Return ascending runs of indexes of the globs that cover the name, or its first `short` characters."""
        current = self._remember(self._closed([0]))
        found: list[Iterable[int]] = []
        for at, character in enumerate(name):
            if at == short:
                found += self._accepted_in(current)
            current = current.after.get(character) or self._advance(current, character)
            if not current.states:
                return found
        return found + self._accepted_in(current)

    def _accepted_in(self, current: _Set) -> list[list[int]]:
        return [self._accepts[state] for state in current.states if state in self._accepts]

    def _advance(self, current: _Set, character: str) -> _Set:
        reached: list[int] = []
        for state in current.states:
            if (behind := self._characters[state].get(character)) is not None:
                reached.append(behind)
            if state in self._classes:
                reached += [behind for chosen, behind in self._classes[state] if character in chosen]
        self.visits += len(current.states)
        after = self._remember(self._closed(reached))
        current.after[character] = after
        return after

    def _closed(self, reached: list[int]) -> frozenset[int]:
        """Return these states with all that are reached from them without a character."""
        closed: set[int] = set()
        while reached:
            state = reached.pop()
            if state not in closed:
                closed.add(state)
                if state in self._free:
                    reached += self._free[state]
        return frozenset(closed)

    def _remember(self, states: frozenset[int]) -> _Set:
        known = self._sets.get(states)
        if known is None:
            if self._remembered > _REMEMBERED:
                self._sets, self._remembered = {}, 0
            known = self._sets[states] = _Set(states)
            self._remembered += len(states) + 1
        return known

    def _behind_all(self, state: int, glob: Glob) -> int:
        for piece in glob:
            state = self._behind(state, piece)
        return state

    def _behind(self, state: int, piece: Piece) -> int:
        """Return the state that a piece leads to from `state`: the one made before, if another glob had it here."""
        if isinstance(piece, Text):
            for character in piece.text:
                state = self._characters[state].setdefault(character, self.size)
                if state == self.size:
                    self._new_state()
            return state
        made = self._made.get((state, piece))
        if made is None:
            made = self._made[state, piece] = self._new_state()
            self._connect(state, piece, made)
        return made

    def _connect(self, state: int, piece: CharClass | Run | Range | Alternatives, behind: int) -> None:
        if isinstance(piece, CharClass):
            self._classes[state].append((piece, behind))
        elif isinstance(piece, Run):
            self._free[state].append(behind)
            self._classes[behind].append((piece.of, behind))
        else:
            options = decimal_globs(piece.low, piece.high) if isinstance(piece, Range) else piece.options
            for option in options:
                self._free[self._behind_all(state, option)].append(behind)

    def _new_state(self) -> int:
        self._characters.append({})
        return self.size - 1
