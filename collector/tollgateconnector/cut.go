package tollgateconnector

import (
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// longestValue is longer than anything that Tollgate reads; only prompts and answers are, which it does not keep.
const longestValue = 4 << 20

var sizer = new(ptrace.ProtoMarshaler)

// cut is a copy in which no value is longer. A span that is longer than a batch may be would take all that follows it in its batch
// with it.
func cut(traces ptrace.Traces) ptrace.Traces {
	shorter := ptrace.NewTraces()
	traces.CopyTo(shorter)
	for _, resource := range shorter.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				cutMap(span.Attributes())
				for _, event := range span.Events().All() {
					cutMap(event.Attributes())
				}
			}
		}
	}
	return shorter
}

func cutMap(attributes pcommon.Map) {
	for _, value := range attributes.All() {
		cutValue(value)
	}
}

func cutValue(value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if text := value.Str(); len(text) > longestValue {
			end := longestValue
			for end > 0 && !utf8.RuneStart(text[end]) {
				end--
			}
			value.SetStr(text[:end])
		}
	case pcommon.ValueTypeMap:
		cutMap(value.Map())
	case pcommon.ValueTypeSlice:
		for _, item := range value.Slice().All() {
			cutValue(item)
		}
	}
}
