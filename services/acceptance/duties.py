"""Who fixed the limits, who began a test and who signed it, and what to say where it was one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.records import AcceptanceProtocol, AcceptanceTest, User

FIXED, BEGAN, SIGNED = "fixed the limits", "began the test", "signed"
SECOND_PERSON = (
    "In this house a second person signs: you {did} yourself. Ask another department head, who did neither."
)


@dataclass(frozen=True)
class Duty:
    """What one person did for a test; `person_id` tells people apart whose names are alike."""

    did: str
    person_id: str
    name: str


def duties_of(
    protocol: AcceptanceProtocol, test: AcceptanceTest, signer: User | None = None
) -> tuple[Duty, ...]:
    """The duties in their order; the last one only where somebody signs or has signed."""
    done = [
        Duty(FIXED, protocol.set_by, protocol.set_name),
        Duty(BEGAN, test.asked_by, test.asked_name),
    ]
    if signer is not None:
        done.append(Duty(SIGNED, signer.id, signer.display_name))
    elif test.signed_by is not None:
        done.append(Duty(SIGNED, test.signed_by, test.signed_name or ""))
    return tuple(done)


def same_person_words(duties: Sequence[Duty]) -> str:
    """A plain sentence on who did more than one of them, or that nobody did."""
    by_person: dict[str, list[Duty]] = {}
    for duty in duties:
        by_person.setdefault(duty.person_id, []).append(duty)
    several = [mine for mine in by_person.values() if len(mine) > 1]
    if not several:
        return "Limits, test and signature are of different people." if len(duties) == 3 else ""
    said = " ".join(f"{mine[0].name} {_joined([duty.did for duty in mine])}." for mine in several)
    if len(duties) == 3 and len(by_person) == 1:
        return f"The same person did all three: {said}"
    return f"The same person did two of them: {said}"


def why_not_sign(protocol: AcceptanceProtocol, test: AcceptanceTest, user: User) -> str | None:
    """Why this person may not sign where a second one is demanded; None where they may."""
    mine = [duty.did for duty in duties_of(protocol, test)[:2] if duty.person_id == user.id]
    return SECOND_PERSON.format(did=_joined(mine)) if mine else None


def _joined(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
