package lambda

import (
	"context"
	"strings"
)

// checkLayers refuses all layers: none exist here.
func (s *Service) checkLayers(_ context.Context, w *change) error {
	if len(w.asked.layers) == 0 {
		return nil
	}
	c, arn := w.call, w.asked.layers[0]
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case len(parts) < 6 || parts[4] == c.Account && parts[3] == c.Region:
		return invalid("Layer version %s does not exist.", arn)
	case parts[4] == c.Account:
		return invalid("Layers are not in the same region as the function. Layers are expected to be in region %s.", c.Region)
	}
	return accessDenied("User: " + c.Caller.ARN() + " is not authorized to perform: " + getLayerVersion + " on resource: " + arn + " because no resource-based policy allows the " + getLayerVersion + " action")
}
