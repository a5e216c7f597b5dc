package limits

// Amazon EC2 ("Amazon VPC quotas", and the API reference of the Describe
// operations).
const (
	// VPCsPerRegion is what AWS raises its default of 5 to; the others are its
	// defaults.
	VPCsPerRegion         = 100
	SubnetsPerVPC         = 200
	GroupsPerRegion       = 2_500
	RulesPerGroup         = 60
	GroupsPerInterface    = 5
	InterfacesPerRegion   = 5_000
	AddressesPerInterface = 50
	// GroupText bounds names and descriptions, in characters.
	GroupText = 255
	// TaggedAtOnce is how many resources one request tags.
	TaggedAtOnce = 1_000
	// EC2PageLeast and EC2Page bound a page of a Describe operation; EC2Token the
	// token of the next one, in characters.
	EC2PageLeast = 5
	EC2Page      = 1_000
	EC2Token     = 1_024
	// EC2Filters is how many filters a request has, EC2FilterValues how many values
	// a filter.
	EC2Filters      = 50
	EC2FilterValues = 200
)
