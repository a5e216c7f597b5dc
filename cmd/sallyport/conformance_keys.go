package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/internal/conformance"
	apiclient "github.com/sallyport/sallyport/internal/conformance/client"
)

// keys are those of the profiles, or of the environment.
func (m *ConformanceCmd) keys(config *conformance.Config) (err error) {
	config.Admin = environmentKey("AWS_")
	if m.Profile != "" {
		if config.Admin, err = profileKey(m.Profile); err != nil {
			return err
		}
	}
	if config.Admin.AccessKeyID == "" {
		return fmt.Errorf("nothing to sign with for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile", m.Endpoint)
	}
	config.Second = environmentKey("SALLYPORT_SECOND_")
	if m.SecondProfile != "" {
		config.Second, err = profileKey(m.SecondProfile)
	}
	return err
}

func environmentKey(prefix string) apiclient.Credentials {
	return apiclient.Credentials{
		AccessKeyID: os.Getenv(prefix + "ACCESS_KEY_ID"), Secret: os.Getenv(prefix + "SECRET_ACCESS_KEY"), Token: os.Getenv(prefix + "SESSION_TOKEN"),
	}
}

// profileKey is the key that a profile of the shared credentials file holds.
// Profiles that get theirs elsewhere have to be put into the environment.
func profileKey(profile string) (apiclient.Credentials, error) {
	home, _ := os.UserHomeDir()
	path := cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials"))
	raw, err := os.ReadFile(path)
	if err != nil {
		return apiclient.Credentials{}, fmt.Errorf("profile %s: %w", profile, err)
	}
	var k apiclient.Credentials
	inside := false
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = strings.TrimSpace(strings.Trim(line, "[]")) == profile
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !inside || !ok {
			continue
		}
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "aws_access_key_id":
			k.AccessKeyID = value
		case "aws_secret_access_key":
			k.Secret = value
		case "aws_session_token":
			k.Token = value
		}
	}
	if k.AccessKeyID == "" || k.Secret == "" {
		return k, fmt.Errorf("profile %s: %s holds no key for it; \"aws configure export-credentials\" puts those of other profiles into the environment", profile, path)
	}
	return k, nil
}
