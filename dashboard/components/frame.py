"""The ids of the frame around every page that pages read and write."""

from __future__ import annotations

LOCATION = "location"  # the browser's address
TAB_TITLE = "page-title"  # what the browser's tab is called
