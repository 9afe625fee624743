"""Every colour of charts, outlines and printed pictures, chosen so that the colour-blind tell them apart.

Series are those of Okabe and Ito (Color Universal Design, 2008, https://jfly.uni-koeln.de/color/) without
the yellow, which white paper swallows, and the vermilion, which is kept for what lies past a limit. What
a colour says is also said by a mark, a broken line or a word.
"""

from __future__ import annotations

Colour = tuple[int, int, int]

INK, FRAME, GRID = "#12202e", "#51606f", "#e8edf1"
OURS, PALE, CHANCE, MARKED = "#14609c", "#9dbfd9", "#9ca3af", "#a63d00"
GOAL = INK
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#000000")
DASHES = ("solid", "dash", "dashdot", "longdash")
"""Lines of a chart are broken by these in turn; dots are kept for what is synthetic."""

SIZES = ("#cfe0ee", "#9dbfd9", "#5b93c0", "#14609c", "#0b3454")
"""From small to large, each darker than the one before."""

AI_COLOUR: Colour = (255, 99, 71)
CORRECTED_COLOUR: Colour = (64, 196, 255)
"""A mask that a person drew or edited, and the true one."""

CANDIDATE_COLOUR: Colour = (255, 138, 245)
"""The outline of the version that is to follow the one whose outline has the AI's colour."""
