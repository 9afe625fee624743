"""A sheet of a workbook that keeps every digit of its numbers."""

from __future__ import annotations

from typing import Any

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]


class ExactSheet(Worksheet):  # type: ignore[misc]
    """XlsxWriter writes 16 digits of a number; a double needs 17 to come back as it was."""

    def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
        said = "".join(f' {name}="{value}"' for name, value in attributes)
        self.fh.write(f"<c{said}><v>{number!r}</v></c>")
