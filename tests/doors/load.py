"""One LLM call every 20 ms for so many seconds, by the OpenTelemetry SDK as the OTEL_* variables say; prints how many.

Usage: load.py grpc|http SECONDS
"""

import sys
import time

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=200))
tracer = provider.get_tracer("doors", "1.0")
ends, sent = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < ends:
    tracer.start_span("chat gpt-4o-mini", kind=trace.SpanKind.CLIENT, attributes=CALL).end()
    sent += 1
    time.sleep(0.02)
provider.shutdown()
print(sent)
