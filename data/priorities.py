"""What comes after pages where cores are short."""

from __future__ import annotations

NICENESS = 5
"""Of whatever decodes, loads networks or computes: pages come first, and it goes on beside them."""
