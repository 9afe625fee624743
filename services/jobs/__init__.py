"""The queue: long work in this process's own threads, in whose turn it is."""

from services.jobs.context import JobContext, Revoked
from services.jobs.jobs import MOST_ATTEMPTS, GiveUp, Jobs, Work

__all__ = ["MOST_ATTEMPTS", "GiveUp", "JobContext", "Jobs", "Revoked", "Work"]
