package store

// LockedError says that another server uses the data directory.
type LockedError struct {
	Dir string
	// PID is the holder's process id, empty when unknown.
	PID string
}

// Error says what to do next.
func (e *LockedError) Error() string {
	who := "another sallyport server"
	if e.PID != "" {
		who += " (process " + e.PID + ")"
	}
	return who + " uses the data directory " + e.Dir + ": stop it, or choose another directory with --data, or use --ephemeral"
}
