"""What may come of a network or of a kept file, told apart from mistakes in Lightbox itself."""

from __future__ import annotations

import zlib

from data.errors import BrokenBatch

NETWORK_FAULTS = (RuntimeError, ValueError, IndexError, ArithmeticError, BrokenBatch)
"""What comes of a network that does not fit, has no room, or answers with another shape than its task's."""

FILE_FAULTS = (OSError, ValueError, EOFError, zlib.error)
"""What comes of a kept file that is damaged or cannot be read."""
