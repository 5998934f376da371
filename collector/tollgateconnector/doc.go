// Package tollgateconnector is Tollgate as a component of the OpenTelemetry Collector.
//
// In: traces of a pipeline. Out: the same traces, at once and always (traces → traces), and the metrics that a
// Tollgate process makes of them (traces → metrics). It knows nothing of LLMs: it hands spans to Tollgate through the
// Collector's own OTLP exporter, with a bounded queue of its own, and takes Tollgate's metrics through the
// Collector's own OTLP receiver, on a socket that it owns.
//
//	traces/in ──► tollgate ──► traces/out            passes on, never waits for Tollgate
//	                  │
//	                  └─ queue ─► Tollgate ─► socket ─► metrics/llm
//
// | file | does |
// |---|---|
// | config.go | what the user writes, and what is wrong with it |
// | factory.go | the two kinds of connector |
// | passthrough.go | traces → traces |
// | bridge.go | traces → metrics: the queue towards Tollgate, the socket back |
// | process.go | starts Tollgate, when asked to, and keeps it running |
package tollgateconnector
