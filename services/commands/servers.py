"""`servers`: which servers a house has, and which of them leads."""

from __future__ import annotations

import argparse

from data.errors import InvalidInput
from services.settings import Settings


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("servers", help="which servers this house has, and which of them leads")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Print them; the exit status is 1 where one does not live, or none leads."""
    if not settings.redis_url:
        raise InvalidInput("This house has one server: the setting REDIS_URL is empty.")
    from services.assembly.servers import server_states

    seen = server_states(settings)
    for state in seen:
        does = "gone" if not state.lives else "leads" if state.leads else "lives"
        since = state.server.started_at.isoformat(timespec="seconds")
        print(f"{state.server.name}  {does}  version {state.server.version}, started {since}")
    leads = any(state.lives and state.leads for state in seen)
    return 0 if leads and all(state.lives for state in seen) else 1
