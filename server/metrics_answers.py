"""Where Prometheus gets the metrics: /metrics beside the API, and a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_wsgi_server
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server import metrics
from server.authentication import Authenticator, is_unavailable
from server.callers import Denied, Scope
from server.measuring import Measuring
from server.origins import Origins

_FORBIDDEN = "Metrics take the scope admin, which this credential does not have.\n"
_UNKNOWN_FOR_NOW = "Who you are cannot be found out now. Send the request again later.\n"


class MetricsEndpoint:
    """Answers /metrics: all of all workers, for those who have the scope admin."""

    def __init__(
        self, authenticator: Authenticator, origins: Origins, measuring: Measuring
    ) -> None:
        self._authenticator = authenticator
        self._origins = origins
        self._measuring = measuring

    async def answer(self, request: Request) -> Response:
        """The metrics, or why not."""
        headers, client = request.headers, request.client
        refused = self._origins.refusal(headers, by_get=True)
        if refused is not None:
            return PlainTextResponse(f"{refused}\n", 403)
        try:
            caller = await self._authenticator.caller(
                headers.get("authorization"),
                headers.get("florin-ledger"),
                None if client is None else client.host,
            )
        except Exception as error:
            if not is_unavailable(error):
                raise
            return PlainTextResponse(_UNKNOWN_FOR_NOW, 503)
        if isinstance(caller, Denied):
            metrics.authentication_failed(caller.code)
            return PlainTextResponse(f"{caller.message}\n", caller.status)
        if not caller.may(Scope.ADMIN):
            return PlainTextResponse(_FORBIDDEN, 403)
        await self._measuring.look_at_pool()
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


@contextmanager
def port(host: str, number: int) -> Iterator[None]:
    """Hand them out to whoever can reach this port, from a thread, while the block runs.

    Raises OSError where the port cannot be had.
    """
    server, thread = start_wsgi_server(number, host, registry=metrics.Everything())
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
