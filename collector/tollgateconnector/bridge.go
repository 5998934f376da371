package tollgateconnector

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.uber.org/zap"
)

// Once a minute is enough to know that Tollgate gets too little.
const complainEvery = time.Minute

// bridge sends traces to Tollgate and hands on the metrics that come back.
//
// Its parts are the Collector's own: an OTLP exporter (queue, storage, retries, TLS) and an OTLP receiver for metrics
// (errors of the metrics pipeline go back to Tollgate, which keeps and sends again).
type bridge struct {
	traces  exporter.Traces
	metrics receiver.Metrics
	process *process
	logger  *zap.Logger

	mutex      sync.Mutex
	complained time.Time
	dropped    int
}

func newBridge(ctx context.Context, settings connector.Settings, config *Config, next consumer.Metrics) (*bridge, error) {
	exporters, receivers := otlpexporter.NewFactory(), otlpreceiver.NewFactory()
	traces, err := exporters.CreateTraces(ctx, exporter.Settings{
		ID:                part(exporters.Type(), settings.ID),
		TelemetrySettings: settings.TelemetrySettings,
		BuildInfo:         settings.BuildInfo,
	}, config.exporter())
	if err != nil {
		return nil, err
	}
	metrics, err := receivers.CreateMetrics(ctx, receiver.Settings{
		ID:                part(receivers.Type(), settings.ID),
		TelemetrySettings: settings.TelemetrySettings,
		BuildInfo:         settings.BuildInfo,
	}, metricsReceiver(receivers, config.server()), next)
	if err != nil {
		return nil, err
	}
	return &bridge{
		traces:  traces,
		metrics: metrics,
		process: newProcess(config.Command, settings.Logger),
		logger:  settings.Logger,
	}, nil
}

// part names a part after the connector: `otlp/tollgate`, `otlp/tollgate/eu`.
func part(kind component.Type, whole component.ID) component.ID {
	return component.NewIDWithName(kind, whole.String())
}

func metricsReceiver(factory receiver.Factory, server configgrpc.ServerConfig) component.Config {
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.GRPC = configoptional.Some(server)
	config.Protocols.HTTP = configoptional.None[otlpreceiver.HTTPConfig]()
	return config
}

// Start opens the socket first, so that Tollgate finds it.
func (b *bridge) Start(ctx context.Context, host component.Host) error {
	if err := b.metrics.Start(ctx, host); err != nil {
		return err
	}
	b.process.start()
	return b.traces.Start(ctx, host)
}

// Shutdown empties the queue, lets Tollgate push a last time, and closes the socket.
func (b *bridge) Shutdown(ctx context.Context) error {
	queue := b.traces.Shutdown(ctx)
	b.process.stop(ctx)
	return errors.Join(queue, b.metrics.Shutdown(ctx))
}

func (*bridge) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeTraces queues. It never fails: whoever sent these traces must not send them again because Tollgate is slow,
// they would reach the other pipelines twice. What the queue cannot hold is dropped here and counted by
// otelcol_exporter_enqueue_failed_spans.
func (b *bridge) ConsumeTraces(ctx context.Context, traces ptrace.Traces) error {
	if sizer.TracesSize(traces) > largestBatchBytes {
		traces = cut(traces)
	}
	if err := b.traces.ConsumeTraces(ctx, traces); err != nil {
		b.complain(traces.SpanCount(), err)
	}
	return nil
}

func (b *bridge) complain(spans int, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.dropped += spans
	if time.Since(b.complained) < complainEvery {
		return
	}
	b.complained = time.Now()
	b.logger.Warn("spans dropped before Tollgate: its numbers are too low from here on; your own traces are whole. "+
		"Is Tollgate up? A larger sending_queue::queue_size or storage: keeps more",
		zap.Int("spans_dropped", b.dropped), zap.Error(err))
	b.dropped = 0
}
