package tollgateconnector

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
)

const (
	// Tollgate refuses requests above 20 MiB; a batch stays below, and one large prompt still fits.
	largestBatchBytes = 16 << 20
	usualBatchBytes   = 1 << 20
	// What may wait for Tollgate when it is slow or away.
	queueBytes = 128 << 20
	// Well under Tollgate's settle_seconds (5), or the spans of one call arrive too far apart.
	flushTimeout = 200 * time.Millisecond

	defaultTollgate = "127.0.0.1:4317"
	defaultMetrics  = "127.0.0.1:14317"
)

// Config is the section of the connector in the Collector's file.
type Config struct {
	// Where Tollgate listens, and how to get there: all keys of the Collector's OTLP/gRPC exporter.
	Exporter otlpexporter.Config `mapstructure:",squash"`

	// The socket that Tollgate pushes its metrics to (`otlp_metrics.endpoint` there): all keys of an OTLP/gRPC server.
	// `endpoint: unix:/path` is a unix socket.
	Metrics configgrpc.ServerConfig `mapstructure:"metrics"`

	// Starts Tollgate: the path of the binary, then its arguments. Empty: one that runs already.
	Command []string `mapstructure:"command"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
	_ xconfmap.Validator  = (*Config)(nil)
)

// Unmarshal takes `unix:/path`, as Tollgate writes it, for the Collector's `unix:///path`.
func (c *Config) Unmarshal(section *confmap.Conf) error {
	if err := section.Unmarshal(c); err != nil {
		return err
	}
	endpoint := &c.Exporter.ClientConfig.Endpoint
	if path, isUnix := strings.CutPrefix(*endpoint, "unix:/"); isUnix && !strings.HasPrefix(path, "/") {
		*endpoint = "unix:///" + path
	}
	return nil
}

// Validate says what is wrong, and what would be right.
func (c *Config) Validate() error {
	var faults []error
	tollgate, metrics := c.Exporter.ClientConfig.Endpoint, c.Metrics.NetAddr.Endpoint
	if tollgate == "" {
		faults = append(faults, fmt.Errorf("endpoint: where does Tollgate listen? For example %q", defaultTollgate))
	}
	if metrics == "" {
		faults = append(faults, fmt.Errorf("metrics::endpoint: where shall Tollgate push its metrics to? For example %q", defaultMetrics))
	}
	if tollgate != "" && tollgate == metrics {
		faults = append(faults, fmt.Errorf("metrics::endpoint: %q is where Tollgate itself listens; the connector needs an address of its own, for example %q", metrics, defaultMetrics))
	}
	if len(c.Command) > 0 && !filepath.IsAbs(c.Command[0]) {
		faults = append(faults, fmt.Errorf("command: %q is no absolute path of a binary; for example [/usr/bin/tollgate, serve, --config, /etc/tollgate/tollgate.yaml]", c.Command[0]))
	}
	if queue := c.Exporter.QueueConfig; !queue.HasValue() {
		faults = append(faults, errors.New("sending_queue: cannot be switched off: without it a slow Tollgate would slow your traces"))
	} else if queue.Get().BlockOnOverflow {
		faults = append(faults, errors.New("sending_queue::block_on_overflow: true would let a slow Tollgate stop your traces; use storage: with file_storage to keep more"))
	}
	return errors.Join(faults...)
}

// server is the socket for metrics with its `unix:` prefix understood.
func (c *Config) server() configgrpc.ServerConfig {
	server := c.Metrics
	if path, isUnix := strings.CutPrefix(server.NetAddr.Endpoint, "unix:"); isUnix {
		server.NetAddr.Endpoint = strings.TrimPrefix(path, "//")
		server.NetAddr.Transport = confignet.TransportTypeUnix
	}
	return server
}

// exporter is the way to Tollgate; on this machine it needs no TLS.
func (c *Config) exporter() *otlpexporter.Config {
	exporter := c.Exporter
	if isLocal(exporter.ClientConfig.Endpoint) && exporter.ClientConfig.TLS.Config.CAFile == "" && exporter.ClientConfig.TLS.Config.CertFile == "" {
		exporter.ClientConfig.TLS.Insecure = true
	}
	return &exporter
}

func isLocal(endpoint string) bool {
	for _, prefix := range []string{"unix:", "127.", "localhost:", "[::1]:"} {
		if strings.HasPrefix(endpoint, prefix) {
			return true
		}
	}
	return false
}

func createDefaultConfig() component.Config {
	exporter := *otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)
	exporter.ClientConfig.Endpoint = defaultTollgate
	exporter.ClientConfig.Compression = "none" // beside the Collector: the CPU would be paid twice for nothing
	// What Tollgate cannot take now waits; what bounds it is the queue, not the time.
	exporter.RetryConfig.MaxElapsedTime = 0
	exporter.RetryConfig.InitialInterval = time.Second
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = queueBytes
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: flushTimeout,
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      usualBatchBytes,
		MaxSize:      largestBatchBytes,
	})
	exporter.QueueConfig = configoptional.Some(queue)
	metrics := configgrpc.NewDefaultServerConfig()
	metrics.NetAddr.Endpoint = defaultMetrics
	metrics.NetAddr.Transport = confignet.TransportTypeTCP
	metrics.MaxRecvMsgSizeMiB = 64
	return &Config{Exporter: exporter, Metrics: metrics}
}
