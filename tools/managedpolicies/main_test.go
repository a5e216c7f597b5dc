package main

import (
	"strings"
	"testing"
)

const python = `# made by a program
aws_managed_policies_data = """
{
 "B":{
  "CreateDate":"2026-03-26T03:42:09+00:00",
  "DefaultVersionId":"v2",
  "Document":{
   "Statement":[{"Action":["s3:*","s3:*"],"Effect":"Allow","Resource":"*"}],
   "Version":"2012-10-17"
  },
  "Path":"/service-role/",
  "PermissionsBoundaryUsageCount":0,
  "UpdateDate":"2026-03-29T03:57:08+00:00"
 }
}"""
`

func TestRead(t *testing.T) {
	all, err := read(python)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	p := all[0]
	if p.Name != "B" || p.Path != "/service-role/" || p.Version != "v2" || p.Created.Unix() != 1774496529 || p.Updated.Unix() != 1774756628 {
		t.Errorf("%+v", p)
	}
	if want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3:*"],"Resource":"*"}]}`; p.Document != want {
		t.Errorf("%s", p.Document)
	}
}

func TestReadRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for name, text := range map[string]string{
		"no string":         "x = 1",
		"escapes":           strings.Replace(python, "s3:*", `s3:\u002a`, 1),
		"a broken document": strings.Replace(python, `"Effect":"Allow",`, `"Effekt":"Allow",`, 1),
		"broken JSON":       strings.Replace(python, "}", "", 1),
	} {
		if all, err := read(text); err == nil {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
