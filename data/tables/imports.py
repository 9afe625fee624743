"""Bulk imports and their items."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from data.columns import Line, UtcDateTime, Words
from data.encryption import Encrypted
from data.tables.base import MYSQL, id_column, metadata, reference

imports = Table(
    "imports",
    metadata,
    id_column(),
    Column("folder", Words, nullable=False),
    Column("labels", Words),
    Column("state", String(16), nullable=False),
    Column("user_id", Line(64)),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ix_imports_created_at", "created_at"),
    **MYSQL,
)

import_items = Table(
    "import_items",
    metadata,
    id_column(),
    reference("import_id", "imports.id"),
    Column("number", Integer, nullable=False),
    Column("name", Encrypted("import_items.name"), nullable=False),
    Column("files", Encrypted("import_items.files"), nullable=False),  # JSON list of ImportFile
    Column("stacked", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("scan_ids", Words, nullable=False),  # JSON lists
    Column("refusals", Encrypted("import_items.refusals"), nullable=False),
    Column("added", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Index("ix_import_items_import_id_state_number", "import_id", "state", "number"),
    **MYSQL,
)
