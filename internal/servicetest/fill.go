package servicetest

import (
	"reflect"
	"strings"
	"time"
)

// Fill sets every member of an input struct, so that finders have something to
// find: names to "my-x", ARNs and documents to values of their kind. given
// says what a member of that name holds instead.
func Fill(input any, given map[string]string) {
	fill(reflect.ValueOf(input).Elem(), "", given, 4)
}

func fill(v reflect.Value, name string, given map[string]string, depth int) {
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), name, given, depth)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			one := v.Field(i)
			fill(one, f.Name, given, depth-1)
			if first, _, _ := strings.Cut(f.Tag.Get("enum"), ","); first != "" && given[f.Name] == "" && isText(one) {
				setText(one, first)
			}
		}
	case reflect.String:
		v.SetString(text(name, given))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("x"))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), strings.TrimSuffix(name, "s"), given, depth-1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, name, given, depth-1)
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), value)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	}
}

func isText(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.String
}

func setText(v reflect.Value, s string) { v.Elem().SetString(s) }

func text(name string, given map[string]string) string {
	switch v, ok := given[name]; {
	case ok:
		return v
	case strings.HasSuffix(name, "Arn"):
		return "arn:aws:iam::111111111111:" + strings.ToLower(strings.TrimSuffix(name, "Arn")) + "/my-x"
	case strings.HasSuffix(name, "Document") || name == "Policy":
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	case name == "Path" || name == "PathPrefix" || name == "NewPath":
		return "/"
	}
	return "my-x"
}
