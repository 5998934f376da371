// Sends three LLM calls and one span that is none, as a user's application would: the exporter is configured by
// the OTEL_* variables alone.
//
// Usage: node send.js grpc|http|proto (http is OTLP/JSON, proto is OTLP/HTTP with protobuf)
import { SpanKind } from '@opentelemetry/api';
import { detectResources, envDetector } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${process.argv[2]}`);

const call = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
  'gen_ai.usage.input_tokens': 100,
  'gen_ai.usage.output_tokens': 10,
  'gen_ai.response.finish_reasons': ['stop'],
  'server.address': 'api.openai.com',
};

const provider = new NodeTracerProvider({
  resource: detectResources({ detectors: [envDetector] }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
const tracer = provider.getTracer('exporters', '1.0');
tracer.startSpan('SELECT orders', { kind: SpanKind.CLIENT }).end();
for (let index = 0; index < 3; index += 1) {
  tracer.startSpan('chat gpt-4o-mini', { kind: SpanKind.CLIENT, attributes: call }).end();
}
await provider.shutdown();
