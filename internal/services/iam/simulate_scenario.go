package iam

import (
	"slices"
	"strings"
)

// scenarioResources are the types of resource that a scenario of
// ResourceHandlingOption takes, nil for no scenario there is (IAM API
// reference, SimulatePrincipalPolicy).
func scenarioResources(option string) []string {
	vpc := []string{"instance", "image", "security-group", "network-interface"}
	switch option {
	case "EC2-VPC-InstanceStore":
		return vpc
	case "EC2-VPC-InstanceStore-Subnet":
		return append(vpc, "subnet")
	case "EC2-VPC-EBS":
		return append(vpc, "volume")
	case "EC2-VPC-EBS-Subnet":
		return append(vpc, "subnet", "volume")
	}
	return nil
}

// readScenario holds the resources against the scenario: AWS "enforces the
// presence of the required resources". It changes nothing else. The words of the
// refusals are ours; that AWS refuses other options is inferred.
func (in *simulationInput) readScenario() error {
	if in.option == "" {
		return nil
	}
	required := scenarioResources(in.option)
	if required == nil {
		return invalidInput("ResourceHandlingOption %s is none of the supported scenarios.", in.option)
	}
	missing := slices.DeleteFunc(required, func(kind string) bool {
		return slices.ContainsFunc(in.resources, func(arn string) bool {
			p := strings.SplitN(arn, ":", 6)
			return len(p) == 6 && p[2] == "ec2" && strings.HasPrefix(p[5], kind+"/")
		})
	})
	if len(missing) > 0 {
		return invalidInput("ResourceHandlingOption %s needs resources of these types too: %s.", in.option, strings.Join(missing, ", "))
	}
	return nil
}
