package tollgateconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

// componentType is the name in the Collector's file.
var componentType = component.MustNewType("tollgate")

const stability = component.StabilityLevelDevelopment

// NewFactory makes the connector known to a Collector.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		componentType,
		createDefaultConfig,
		connector.WithTracesToTraces(createTracesToTraces, stability),
		connector.WithTracesToMetrics(createTracesToMetrics, stability),
	)
}

func createTracesToTraces(_ context.Context, _ connector.Settings, _ component.Config, next consumer.Traces) (connector.Traces, error) {
	return &passthrough{Traces: next}, nil
}

func createTracesToMetrics(ctx context.Context, settings connector.Settings, config component.Config, next consumer.Metrics) (connector.Traces, error) {
	return newBridge(ctx, settings, config.(*Config), next)
}
