// Package policytest puts a corpus of authorization scenarios to a policy
// engine: this module's, or any other that implements Engine. Scenarios are
// text files that need no code to be read; Parse describes them.
//
// What a scenario claims was derived from AWS's documentation and from public
// recordings, one rule each, and not from what this module's engine answers.
// A scenario whose rule AWS leaves open says so in its caveats: an engine that
// decides such a one otherwise is not thereby wrong.
package policytest
