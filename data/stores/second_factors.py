"""Second factors: apps that show codes, recovery codes, and what people are told at the next sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from data.database import reading, writing
from data.records import CodeGenerator, SignInNotice
from data.tables import code_generators, recovery_codes, sign_in_notices


class CodeGeneratorStore:
    """At most one app a person."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, generator: CodeGenerator) -> None:
        """Keeps it in the place of the person's one before."""
        mine = code_generators.c.user_id == generator.user_id
        with writing(self._engine) as connection:
            connection.execute(delete(code_generators).where(mine))
            connection.execute(insert(code_generators).values(vars(generator)))

    def get(self, user_id: str) -> CodeGenerator | None:
        """The person's app, set up to its end or not."""
        query = select(code_generators).where(code_generators.c.user_id == user_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _generator(row)

    def all(self) -> list[CodeGenerator]:
        """Everybody's apps that are set up to their end."""
        query = select(code_generators).where(code_generators.c.confirmed_at.is_not(None))
        with reading(self._engine) as connection:
            return [_generator(row) for row in connection.execute(query)]

    def confirm(self, user_id: str, at: datetime) -> None:
        """The app is set up to its end: from now on its codes are asked for."""
        mine = code_generators.c.user_id == user_id
        with writing(self._engine) as connection:
            connection.execute(update(code_generators).where(mine).values(confirmed_at=at))

    def use_step(self, user_id: str, step: int) -> bool:
        """Notes that the code of a step was used; False where it, or that of a later step, was before."""
        mine = (code_generators.c.user_id == user_id) & (code_generators.c.last_step < step)
        with writing(self._engine) as connection:
            return (
                connection.execute(update(code_generators).where(mine).values(last_step=step)).rowcount == 1
            )

    def remove(self, user_id: str) -> None:
        """Forgets a person's app."""
        with writing(self._engine) as connection:
            connection.execute(delete(code_generators).where(code_generators.c.user_id == user_id))


class RecoveryCodeStore:
    """Codes by their hash; a used one is gone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, user_id: str, hashes: Sequence[str], at: datetime) -> None:
        """Keeps these in the place of the person's codes before."""
        rows = [{"code_sha256": each, "user_id": user_id, "made_at": at} for each in hashes]
        with writing(self._engine) as connection:
            connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
            if rows:
                connection.execute(insert(recovery_codes), rows)

    def use(self, user_id: str, code_sha256: str) -> bool:
        """Whether the person has this code, which they then have no more."""
        mine = (recovery_codes.c.user_id == user_id) & (recovery_codes.c.code_sha256 == code_sha256)
        with writing(self._engine) as connection:
            return connection.execute(delete(recovery_codes).where(mine)).rowcount == 1

    def remove(self, user_id: str) -> None:
        """Forgets a person's codes."""
        with writing(self._engine) as connection:
            connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))

    def left(self, user_id: str) -> int:
        """How many codes a person has."""
        query = select(func.count()).where(recovery_codes.c.user_id == user_id)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())


class NoticeStore:
    """Notices until their person says that they were read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, notice: SignInNotice) -> None:
        """Keeps a notice."""
        with writing(self._engine) as connection:
            connection.execute(insert(sign_in_notices).values(vars(notice)))

    def of_user(self, user_id: str) -> list[SignInNotice]:
        """A person's notices, oldest first."""
        mine = sign_in_notices.c.user_id == user_id
        query = select(sign_in_notices).where(mine).order_by(sign_in_notices.c.at, sign_in_notices.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [SignInNotice(row.id, row.user_id, row.at, row.words) for row in rows]

    def remove(self, user_id: str) -> None:
        """Forgets a person's notices."""
        with writing(self._engine) as connection:
            connection.execute(delete(sign_in_notices).where(sign_in_notices.c.user_id == user_id))


def _generator(row: Row[Any]) -> CodeGenerator:
    return CodeGenerator(row.user_id, row.sealed_secret, row.made_at, row.confirmed_at, row.last_step)
