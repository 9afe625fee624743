"""Boards: who keeps which, who sees it, and what its owner changes.

A table of its own beside the saved views of the cohort page: those are a query under a name that belongs to
everybody, and whoever saves under the same name replaces it; a board belongs to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from data.database import new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import WATCHED, AuditEvent, Board, BoardChoice, BoardPanel, User
from data.stores.audit import AuditLog
from data.stores.boards import BoardStore
from services.boards.choices import checked_choice
from services.boards.measures import may_see, measure_of
from services.permissions import Permission, may, require

LONGEST_TITLE = 100
MOST_PANELS = 12
NO_BOARD = "There is no such board."


class Boards:
    """Keeps boards; every change is noted in the audit trail."""

    def __init__(self, store: BoardStore, audit: AuditLog, tasks: Sequence[str]) -> None:
        self._store = store
        self._audit = audit
        self.tasks = tuple(tasks)

    def listed(self, viewer: User) -> list[Board]:
        """The person's own boards and those that others share with the role, the latest first."""
        require(viewer, Permission.SEE_BOARDS)
        return [board for board in self._store.all() if _visible(board, viewer)]

    def get(self, board_id: str, viewer: User) -> Board:
        """A board; raises NotFound where there is none for this person."""
        require(viewer, Permission.SEE_BOARDS)
        board = self._store.get(board_id)
        if board is None or not _visible(board, viewer):
            raise NotFound(NO_BOARD)
        return board

    def make(self, title: str, owner: User, panels: Sequence[BoardPanel] = ()) -> Board:
        """A new board that only its owner sees; raises InvalidInput without a title."""
        require(owner, Permission.MAKE_BOARDS)
        own = tuple(replace(self._checked(panel), id=new_id()[:8]) for panel in panels[:MOST_PANELS])
        moment = now()
        board = Board(
            new_id(), _title(title), own, BoardChoice(), False, owner.id, owner.display_name, moment, moment
        )
        with self._audit.together():
            self._store.add(board)
            return self._noted("board.make", board, owner)

    def copy(self, board_id: str, owner: User) -> Board:
        """A board of one's own with the panels of another."""
        require(owner, Permission.MAKE_BOARDS)
        board = self.get(board_id, owner)
        made = self.make(f"Copy of {board.title}"[:LONGEST_TITLE], owner, board.panels)
        return self._store.change(made.id, lambda _: replace(made, choice=board.choice))

    def change(
        self,
        board_id: str,
        title: str,
        shared: bool,
        owner: User,
        expected: tuple[str, bool] | None = None,
    ) -> Board:
        """Another title, and whether others see it. `expected` is the title and sharing that the owner saw.

        Raises NotFound, NotAllowed; InvalidInput without a title, and where another window changed what was
        expected.
        """
        words = _title(title)

        def change(board: Board) -> Board:
            if expected is not None and expected != (board.title, board.shared):
                shown = "shared" if board.shared else "not shared"
                raise InvalidInput(
                    f"In the meantime another window made this board “{board.title}”, {shown}; nothing was "
                    "saved. Open the page again before you change it."
                )
            return replace(board, title=words, shared=shared)

        return self._changed(board_id, owner, change)

    def choose(self, board_id: str, choice: BoardChoice, owner: User) -> Board:
        """Period, site and scanner that the board opens with."""
        checked_choice(choice)
        return self._changed(board_id, owner, lambda board: replace(board, choice=choice))

    def add_panel(self, board_id: str, panel: BoardPanel, owner: User) -> Board:
        """One question more, at the end; raises InvalidInput for one that cannot be asked or is there."""
        added = replace(self._checked(panel), id=new_id()[:8])

        def change(board: Board) -> Board:
            if any(replace(panel, id=added.id) == added for panel in board.panels):
                raise InvalidInput("This panel is on the board already.")
            if len(board.panels) >= MOST_PANELS:
                raise InvalidInput(f"A board has at most {MOST_PANELS} panels.")
            return replace(board, panels=(*board.panels, added))

        return self._changed(board_id, owner, change)

    def move_panel(self, board_id: str, panel_id: str, by: int, owner: User) -> Board:
        """A panel so many places later (or earlier, below zero); at an end it stays where it is."""

        def change(board: Board) -> Board:
            at = _place(board, panel_id)
            others = [panel for panel in board.panels if panel.id != panel_id]
            others.insert(max(0, at + by), board.panels[at])
            return replace(board, panels=tuple(others))

        return self._changed(board_id, owner, change)

    def remove_panel(self, board_id: str, panel_id: str, owner: User) -> Board:
        """A panel less; nothing happens where it is gone already."""

        def change(board: Board) -> Board:
            return replace(board, panels=tuple(panel for panel in board.panels if panel.id != panel_id))

        return self._changed(board_id, owner, change)

    def delete(self, board_id: str, user: User) -> None:
        """Forget a board: its owner's, or who may delete those of others; raises NotFound."""
        require(user, Permission.SEE_BOARDS)
        board = self.get(board_id, user)
        require(user, _to_delete(board, user))
        with self._audit.together():
            self._store.delete(board_id)
            self._noted("board.delete", board, user)

    def may_change(self, board: Board, user: User) -> bool:
        """Whether this person changes the board."""
        return board.owner_id == user.id and may(user, Permission.MAKE_BOARDS)

    def may_delete(self, board: Board, user: User) -> bool:
        """Whether this person may delete the board."""
        return may(user, _to_delete(board, user))

    def _changed(self, board_id: str, owner: User, change: Callable[[Board], Board]) -> Board:
        require(owner, Permission.MAKE_BOARDS)

        def changed(board: Board | None) -> Board:
            if board is None or not _visible(board, owner):
                raise NotFound(NO_BOARD)
            if board.owner_id != owner.id:
                raise NotAllowed("Only its owner changes a board; make a copy of it for yourself.")
            return replace(change(board), changed_at=now())

        with self._audit.together():
            return self._noted("board.change", self._store.change(board_id, changed), owner)

    def _checked(self, panel: BoardPanel) -> BoardPanel:
        """The panel without what its measure does not need; raises InvalidInput for what there is not."""
        measure = measure_of(panel)
        if measure.of_task and panel.task not in self.tasks:
            raise InvalidInput("Choose a task for this panel.")
        if measure.of_feature and panel.feature not in WATCHED:
            raise InvalidInput("Choose a feature whose drift is shown.")
        return replace(
            panel,
            task=panel.task if measure.of_task else "",
            version=panel.version if measure.of_version else "",
            feature=panel.feature if measure.of_feature else "",
            reference=panel.reference if measure.source == "drift" else "",
        )

    def _noted(self, action: str, board: Board, user: User) -> Board:
        shared = "shared" if board.shared else "not shared"
        words = f"{board.title}: {len(board.panels)} panels, {shared}"
        self._audit.record(AuditEvent(now(), user.id, action, board.id, words))
        return board


def _visible(board: Board, viewer: User) -> bool:
    """Its owner sees it, and where it is shared who may see a number of it, or delete it."""
    if board.owner_id == viewer.id:
        return True
    sees_some = any(may_see(viewer, panel) for panel in board.panels) or not board.panels
    return board.shared and (sees_some or may(viewer, Permission.DELETE_BOARDS_OF_OTHERS))


def _to_delete(board: Board, user: User) -> Permission:
    own = board.owner_id == user.id
    return Permission.MAKE_BOARDS if own else Permission.DELETE_BOARDS_OF_OTHERS


def _place(board: Board, panel_id: str) -> int:
    for at, panel in enumerate(board.panels):
        if panel.id == panel_id:
            return at
    raise NotFound("This panel is no longer on the board.")


def _title(title: str) -> str:
    words = " ".join(title.split())[:LONGEST_TITLE]
    if not words:
        raise InvalidInput("Give the board a title first.")
    return words
