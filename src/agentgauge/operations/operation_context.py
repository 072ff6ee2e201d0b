"""An operation around a block of code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from agentgauge.operations.given import name_of

if TYPE_CHECKING:
    from agentgauge.operations.operation_recorder import OperationRecorder


class OperationContext:
    """A context manager, sync and async, made by `MetricsCollector.operation_context`. Enter it once.

    The block may end the operation itself, to keep what it did.
    """

    def __init__(
        self,
        recorder: OperationRecorder,
        name: str,
        metadata: Mapping[str, Any] | None,
        leave: Callable[[str, BaseException | None], None],
    ) -> None:
        self._recorder = recorder
        self._leave = leave
        self._name = name
        self._metadata = metadata
        self._operation_id = ""
        self._scope: AbstractContextManager[None] | None = None

    def __enter__(self) -> str:
        self._operation_id = self._recorder.start_operation(self._name, self._metadata)
        self._scope = operation_scope(self._recorder, self._name, self._operation_id)
        self._scope.__enter__()
        return self._operation_id

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._scope is not None:
            self._scope.__exit__(None, None, None)
        self._leave(self._operation_id, error)

    async def __aenter__(self) -> str:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def operation_scope(recorder: OperationRecorder, name: object, operation_id: str) -> AbstractContextManager[None]:
    """The scope of what anything records inside an operation, integrations and other vocabularies included."""
    return recorder.gauge.scope(session=recorder.session_id, operation=name_of(name), parent_id=operation_id)
