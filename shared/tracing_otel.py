"""Tracing by OpenTelemetry, exported by OTLP over HTTP; imported only where it is configured."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.tracing import NOTHING, Attributes, reason

MOST_LINKS = 128  # instances of a request that are told apart


class OpenTelemetry:
    def __init__(self, endpoint: str, ratio: float, service: str) -> None:
        self._identifiers = _Identifiers()
        self._sampler = TraceIdRatioBased(ratio)
        self._provider = TracerProvider(
            sampler=self._sampler,  # by the trace's identifier alone, so that all agree
            resource=Resource.create({"service.name": f"dicomweb-proxy-{service}"}),
            id_generator=self._identifiers,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        self._tracer = self._provider.get_tracer("dicomweb-proxy")
        self.headers: Mapping[str, str] = NOTHING

    def received(self, name: str, begun: int, complete: int, safe: int, told: Attributes) -> None:
        self._identifiers.next = _identifiers(name)
        span = self._tracer.start_span(
            "C-STORE", kind=SpanKind.SERVER, start_time=begun, attributes=told
        )
        inside = trace.set_span_in_context(span)
        self._tracer.start_span("spool.sync", inside, start_time=complete).end(safe)
        span.end(safe)

    def storing(self, destination: str, names: Sequence[str]) -> Iterator[None]:
        """The request is a span in the trace of one of its instances; the others' link to it."""
        told: Attributes = {"destination": destination, "instances": len(names)}
        received = [self._received(each) for each in names[:MOST_LINKS]]
        first, *others = sorted(received, key=lambda each: not each.trace_flags.sampled)
        with ExitStack() as stack:
            span = stack.enter_context(
                self._tracer.start_as_current_span(
                    "STOW-RS",
                    _inside(first),
                    kind=SpanKind.CLIENT,
                    attributes=told,
                    links=[Link(each) for each in others],
                    record_exception=False,
                    set_status_on_exception=False,
                )
            )
            for each in others:
                beside = self._tracer.start_span(
                    "STOW-RS (in a batch)",
                    _inside(each),
                    attributes=told,
                    links=[Link(span.get_span_context())],
                )
                stack.callback(beside.end)
            carrier: dict[str, str] = {}
            TraceContextTextMapPropagator().inject(carrier)
            self.headers = carrier
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, reason(error)))
                raise
            finally:
                self.headers = NOTHING

    def close(self) -> None:
        self._provider.shutdown()

    def _received(self, name: str) -> SpanContext:
        """The C-STORE span of an instance, wherever it was made."""
        trace_id, span_id = _identifiers(name)
        sampled = trace_id & _LOW_64 < self._sampler.bound
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)


class _Identifiers(IdGenerator):
    """Random ones, but for a span whose identifiers were decided."""

    def __init__(self) -> None:
        self.next: tuple[int, int] | None = None  # of one thread: that of the event loop

    def generate_trace_id(self) -> int:
        return self.next[0] if self.next else random.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        if self.next is None:
            return random.getrandbits(64) or 1
        (_, decided), self.next = self.next, None
        return decided


_LOW_64 = (1 << 64) - 1


def _identifiers(name: str) -> tuple[int, int]:
    """Trace and span of what the spool calls so."""
    digest = hashlib.sha256(name.encode("ascii")).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


def _inside(parent: SpanContext) -> Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
