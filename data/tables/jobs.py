"""Long work, and when it is due."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

jobs = Table(
    "jobs",
    metadata,
    id_column(),
    Column("kind", Line(64), nullable=False),
    Column("subject", Words, nullable=False),
    Column("open_key", String(64), unique=True),  # hash of kind and subject while unfinished
    Column("run_id", String(ID_LENGTH)),  # which run of the job may still speak for it
    Column("state", String(16), nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("progress", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("user_id", Line(64)),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("work", Line(64), nullable=False, server_default=""),  # what it is of: alike ones take alike
    Column("inputs", Integer),  # of the network, NULL where that is not known
    Column("size", BigInteger, nullable=False, server_default="0"),  # voxels of a scan, bytes of an upload
    Column("precedence", Integer, nullable=False, server_default="1"),  # the lowest goes first
    Column("server_id", String(ID_LENGTH)),  # whose run it is; NULL for a house's only server
    Column("worked_s", Double),  # seconds of a reading that is done, without its waiting for others
    Index("ix_jobs_state_created_at", "state", "created_at"),
    Index("ix_jobs_created_at", "created_at"),
    **MYSQL,
)

# What came of each run of a schedule.
schedule_runs = Table(
    "schedule_runs",
    metadata,
    id_column(),  # of its job
    Column("schedule_id", String(ID_LENGTH), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("due_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(16)),  # done, skipped, failed; NULL until it has ended
    Column("sentence", Words, nullable=False),
    Column("link", Line(), nullable=False),
    Index("ix_schedule_runs_schedule_id_started_at", "schedule_id", "started_at"),
    **MYSQL,
)

schedules = Table(
    "schedules",
    metadata,
    id_column(),
    Column("name", Line(64), nullable=False),
    Column("kind", String(32), nullable=False),  # what is run: drift, report, ...
    Column("ask", Words, nullable=False),  # JSON
    Column("cron", Line(64), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("last_due_at", UtcDateTime),  # due times up to here are dealt with
    Column("job_id", String(ID_LENGTH)),  # the job that took the latest due time
    Column("last_run_at", UtcDateTime),
    Column("failure", Words),  # of the last run
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),  # kept, so that a default does not come back
    **MYSQL,
)
