"""The queue: long work in this process's own threads, in whose turn it is."""

from services.jobs.attempts import MOST_ATTEMPTS, GiveUp, Work
from services.jobs.context import JobContext, Revoked
from services.jobs.jobs import Jobs

__all__ = ["MOST_ATTEMPTS", "GiveUp", "JobContext", "Jobs", "Revoked", "Work"]
