package tollgateconnector

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// === what the user writes ===

func TestDefaultsAreValid(t *testing.T) {
	config := NewFactory().CreateDefaultConfig()
	if err := componenttest.CheckConfigStruct(config); err != nil {
		t.Fatal(err)
	}
	if err := xconfmap.Validate(config); err != nil {
		t.Fatal(err)
	}
}

func TestFaultsSayWhatWouldBeRight(t *testing.T) {
	for name, test := range map[string]struct {
		section map[string]any
		says    string
	}{
		"no address":         {map[string]any{"endpoint": ""}, "where does Tollgate listen"},
		"one address twice":  {map[string]any{"endpoint": "127.0.0.1:1", "metrics": map[string]any{"endpoint": "127.0.0.1:1"}}, "an address of its own"},
		"a relative command": {map[string]any{"command": []string{"tollgate"}}, "no absolute path"},
		"a queue that waits": {map[string]any{"sending_queue": map[string]any{"block_on_overflow": true}}, "stop your traces"},
		"no queue":           {map[string]any{"sending_queue": map[string]any{"enabled": false}}, "cannot be switched off"},
	} {
		t.Run(name, func(t *testing.T) {
			config := NewFactory().CreateDefaultConfig()
			if err := confmap.NewFromStringMap(test.section).Unmarshal(config); err != nil {
				t.Fatal(err)
			}
			if err := xconfmap.Validate(config); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, wanted it to say %q", err, test.says)
			}
		})
	}
}

func TestUnixSocketsAsTollgateWritesThem(t *testing.T) {
	config := NewFactory().CreateDefaultConfig().(*Config)
	section := map[string]any{"endpoint": "unix:/run/tollgate/otlp", "metrics": map[string]any{"endpoint": "unix:/run/tollgate/metrics"}}
	if err := confmap.NewFromStringMap(section).Unmarshal(config); err != nil {
		t.Fatal(err)
	}
	if err := xconfmap.Validate(config); err != nil {
		t.Fatal(err)
	}
	if got := config.exporter().ClientConfig.Endpoint; got != "unix:///run/tollgate/otlp" {
		t.Fatal(got)
	}
	if got := config.server().NetAddr; got.Endpoint != "/run/tollgate/metrics" || got.Transport != "unix" {
		t.Fatal(got)
	}
}

// === traces pass at once and always ===

func TestTracesPassWithTollgateDead(t *testing.T) {
	next := new(consumertest.TracesSink)
	passing, err := NewFactory().CreateTracesToTraces(context.Background(), settings(zap.NewNop()), NewFactory().CreateDefaultConfig(), next)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := passing.ConsumeTraces(context.Background(), spans(10)); err != nil {
			t.Fatal(err)
		}
	}
	if next.SpanCount() != 10_000 {
		t.Fatalf("%d of 10,000 spans passed", next.SpanCount())
	}
}

func TestADeadTollgateRefusesNothingAndIsNamed(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	config := at(t, "127.0.0.1:1", "unix:"+socket(t, "metrics"))
	queue := config.Exporter.QueueConfig.Get()
	queue.QueueSize = 4096 // bytes
	queue.Batch.Get().MinSize, queue.Batch.Get().MaxSize = 1024, 2048
	bridge := started(t, config, zap.New(core), consumertest.NewNop())
	for range 500 {
		if err := bridge.ConsumeTraces(context.Background(), spans(20)); err != nil {
			t.Fatalf("the sender would send again: %v", err)
		}
	}
	if logs.FilterMessageSnippet("numbers are too low").Len() != 1 {
		t.Fatalf("wanted one line that names the loss, got %v", logs.All())
	}
}

// === spans there, metrics back ===

func TestSpansReachTollgateAndItsMetricsComeBack(t *testing.T) {
	tollgate, spansThere := standIn(t)
	metricsSocket := socket(t, "metrics")
	sink := new(consumertest.MetricsSink)
	bridge := started(t, at(t, tollgate, "unix:"+metricsSocket), zap.NewNop(), sink)
	if err := bridge.ConsumeTraces(context.Background(), spans(7)); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-spansThere:
		if got != 7 {
			t.Fatalf("%d of 7 spans arrived", got)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no span arrived")
	}
	if err := push(t, metricsSocket); err != nil {
		t.Fatal(err)
	}
	if sink.DataPointCount() != 1 {
		t.Fatalf("%d data points came out", sink.DataPointCount())
	}
}

func TestALongSpanTakesNothingWithIt(t *testing.T) {
	tollgate, spansThere := standIn(t)
	bridge := started(t, at(t, tollgate, "unix:"+socket(t, "metrics")), zap.NewNop(), new(consumertest.MetricsSink))
	batch := spans(5)
	all := batch.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	all.At(0).Attributes().PutStr("prompt", strings.Repeat("é", largestBatchBytes))
	all.At(2).Attributes().PutEmptySlice("prompts").AppendEmpty().SetStr(strings.Repeat("x", largestBatchBytes))
	if err := bridge.ConsumeTraces(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < 5; {
		select {
		case more := <-spansThere:
			got += more
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of 5 spans arrived", got)
		}
	}
	if prompt, _ := all.At(0).Attributes().Get("prompt"); len(prompt.Str()) != 2*largestBatchBytes {
		t.Fatal("the other pipelines' span was cut")
	}
}

func TestAFailingMetricsPipelineTellsTollgateToSendAgain(t *testing.T) {
	metricsSocket := socket(t, "metrics")
	full := consumertest.NewErr(errors.New("the metrics queue is full"))
	started(t, at(t, "127.0.0.1:1", "unix:"+metricsSocket), zap.NewNop(), full)
	if code := status.Code(push(t, metricsSocket)); code != codes.Unavailable {
		t.Fatalf("Tollgate would not send again after %v", code)
	}
}

// === Tollgate as a child ===

func TestTollgateIsStartedAgainAndEndsWithTheCollector(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	config := at(t, "127.0.0.1:1", "unix:"+socket(t, "metrics"))
	config.Command = []string{"/bin/sh", "-c", "echo begun >&2; sleep 0.1; exit 3"}
	started(t, config, zap.New(core), consumertest.NewNop())
	deadline := time.Now().Add(20 * time.Second)
	for logs.FilterMessage("begun").Len() < 2 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if logs.FilterMessage("begun").Len() < 2 {
		t.Fatalf("it was not started again: %v", logs.All())
	}
}

// === helpers ===

func settings(logger *zap.Logger) connector.Settings {
	settings := connectortest.NewNopSettings(componentType)
	settings.Logger = logger
	return settings
}

func at(t *testing.T, tollgate, metrics string) *Config {
	t.Helper()
	config := NewFactory().CreateDefaultConfig().(*Config)
	config.Exporter.ClientConfig.Endpoint = tollgate
	config.Exporter.RetryConfig.InitialInterval = 50 * time.Millisecond
	config.Metrics.NetAddr.Endpoint = metrics
	if err := xconfmap.Validate(config); err != nil {
		t.Fatal(err)
	}
	return config
}

func started(t *testing.T, config *Config, logger *zap.Logger, next consumer.Metrics) connector.Traces {
	t.Helper()
	bridge, err := NewFactory().CreateTracesToMetrics(context.Background(), settings(logger), config, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := bridge.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bridge.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return bridge
}

func socket(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(t.TempDir(), name)
}

func spans(count int) ptrace.Traces {
	traces := ptrace.NewTraces()
	scope := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for range count {
		scope.Spans().AppendEmpty().SetName("chat")
	}
	return traces
}

// standIn takes spans as Tollgate does; the real binary is what the recipes' tests run.
func standIn(t *testing.T) (endpoint string, spans <-chan int) {
	t.Helper()
	path := socket(t, "tollgate")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(chan int, 100)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(20 << 20)) // what Tollgate takes
	ptraceotlp.RegisterGRPCServer(server, &traceServer{counts: counts})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Stop
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	return "unix://" + path, counts
}

type traceServer struct {
	ptraceotlp.UnimplementedGRPCServer
	counts chan int
}

func (s *traceServer) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.counts <- request.Traces().SpanCount()
	return ptraceotlp.NewExportResponse(), nil
}

func push(t *testing.T, socket string) error {
	t.Helper()
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	metrics := pmetric.NewMetrics()
	metric := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("llm_requests_total")
	metric.SetEmptySum().DataPoints().AppendEmpty().SetIntValue(1)
	_, err = pmetricotlp.NewGRPCClient(connection).Export(context.Background(), pmetricotlp.NewExportRequestFromMetrics(metrics))
	return err
}
