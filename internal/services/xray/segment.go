package xray

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// segment is what is read of a segment document (X-Ray developer guide, "X-Ray
// segment documents"). Subsegments may be sent alone: they name their trace too.
type segment struct {
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	TraceID  string   `json:"trace_id"`
	ParentID string   `json:"parent_id"`
	Start    *float64 `json:"start_time"`
	End      *float64 `json:"end_time"`
	// InProgress stands in for an end that is not known yet.
	InProgress bool   `json:"in_progress"`
	Type       string `json:"type"`
	Origin     string `json:"origin"`
	Resource   string `json:"resource_arn"`
	Error      bool   `json:"error"`
	Fault      bool   `json:"fault"`
	Throttle   bool   `json:"throttle"`
	HTTP       struct {
		Request struct {
			Method    string `json:"method"`
			URL       string `json:"url"`
			UserAgent string `json:"user_agent"`
			ClientIP  string `json:"client_ip"`
		} `json:"request"`
		Response struct {
			Status *int32 `json:"status"`
		} `json:"response"`
	} `json:"http"`
	AWS struct {
		Resource string `json:"resource_arn"`
	} `json:"aws"`
	Annotations map[string]any `json:"annotations"`
	User        string         `json:"user"`

	document string
}

var (
	segmentID = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceID   = regexp.MustCompile(`^1-([0-9a-f]{8})-[0-9a-f]{24}$`)
)

// nameMarks are what a segment's name may have beside letters, numbers and spaces.
const nameMarks = `_.:/%&#=+\-@`

// parse reads a document. problem is X-Ray's code for what is wrong with it, empty
// for a good one: InvalidTraceId, MissingId and InvalidName are recorded, the others
// inferred from their pattern.
func parse(document string, now time.Time) (s *segment, problem string) {
	s = &segment{document: document}
	if len(document) > limits.TraceSegment || json.Unmarshal([]byte(document), s) != nil {
		return &segment{}, "ParseError"
	}
	switch {
	case s.ID == "":
		return s, "MissingId"
	case !segmentID.MatchString(s.ID):
		return s, "InvalidId"
	case s.Name == "":
		return s, "MissingName"
	case !validName(s.Name):
		return s, "InvalidName"
	case s.TraceID == "":
		return s, "MissingTraceId"
	case !validTrace(s.TraceID, now):
		return s, "InvalidTraceId"
	case s.Start == nil:
		return s, "MissingStartTime"
	case s.End == nil && !s.InProgress:
		return s, "MissingEndTime"
	case s.ParentID != "" && !segmentID.MatchString(s.ParentID):
		return s, "InvalidParentId"
	case s.Type == "subsegment" && s.ParentID == "":
		return s, "MissingParentId"
	}
	return s, ""
}

func validName(name string) bool {
	if len(name) > 200 {
		return false
	}
	for _, c := range name {
		if c < ' ' || c < 0x80 && !letter(c) && !strings.ContainsRune(nameMarks, c) && c != ' ' {
			return false
		}
	}
	return true
}

func letter(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// validTrace says whether a trace id is one, of a time that X-Ray keeps.
func validTrace(id string, now time.Time) bool {
	parts := traceID.FindStringSubmatch(id)
	if parts == nil {
		return false
	}
	begun := traceTime(parts[1])
	return begun.After(now.Add(-limits.TraceAge)) && begun.Before(now.Add(limits.TraceSkew))
}

func traceTime(digits string) time.Time {
	n, err := strconv.ParseInt(digits, 16, 64)
	if err != nil { // the pattern has looked
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// start and end are times in seconds; one that goes on ends where it began.
func (s *segment) start() float64 { return *s.Start }

func (s *segment) end() float64 {
	if s.End == nil {
		return *s.Start
	}
	return *s.End
}

// service names what the segment stands for.
func (s *segment) service() (name, kind string) {
	kind = s.Origin
	if kind == "" {
		kind = "client"
	}
	return s.Name, kind
}
