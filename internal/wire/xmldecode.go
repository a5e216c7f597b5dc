package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// decodeXML reads a document whose root has the given name into a structure. As
// S3 does, it takes any namespace and none, and the members in any order, but
// nothing that the published schema does not have: a setting with a slip in its
// name must not be taken for one that was left out. Errors are for the log.
func decodeXML(data []byte, root string, p *plan, v reflect.Value) error {
	d := xmlReader{source: xml.NewDecoder(bytes.NewReader(data))}
	start, err := d.root()
	if err != nil {
		return err
	}
	if start.Name.Local != root {
		return fmt.Errorf("the root is %s, not %s", cut(start.Name.Local), root)
	}
	if err := d.structure(start, p, v); err != nil {
		return err
	}
	return d.end()
}

// xmlReader reads XML, bounded in depth and in number of elements.
type xmlReader struct {
	source          *xml.Decoder
	depth, elements int
}

var errDeclarations = errors.New("the document has a type declaration")

// token is the next token that says something.
func (d *xmlReader) token() (xml.Token, error) {
	for {
		t, err := d.source.Token()
		if err != nil {
			return nil, err
		}
		switch t.(type) {
		case xml.StartElement:
			d.depth++
			d.elements++
			if d.depth > limits.NestingDepth || d.elements > limits.RequestElements {
				return nil, errors.New("the document is too deep or has too many elements")
			}
			return t, nil
		case xml.EndElement:
			d.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		case xml.Directive:
			return nil, errDeclarations
		}
	}
}

// root reads up to the first element.
func (d *xmlReader) root() (xml.StartElement, error) {
	for {
		t, err := d.token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, nil
		case xml.CharData:
			if err := blank(t); err != nil {
				return xml.StartElement{}, err
			}
		}
	}
}

// end expects that nothing comes after the root.
func (d *xmlReader) end() error {
	for {
		t, err := d.token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		text, ok := t.(xml.CharData)
		if !ok {
			return errors.New("the document has two roots")
		}
		if err := blank(text); err != nil {
			return err
		}
	}
}

// children calls f for every element inside the one that has begun.
func (d *xmlReader) children(f func(xml.StartElement) error) error {
	for {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.CharData:
			if err := blank(t); err != nil {
				return err
			}
		}
	}
}

// blank refuses text between elements.
func blank(text xml.CharData) error {
	if len(bytes.TrimSpace(text)) > 0 {
		return errors.New("there is text where elements belong")
	}
	return nil
}

func (d *xmlReader) structure(start xml.StartElement, p *plan, v reflect.Value) error {
	if err := p.decodeAttributes(start.Attr, v); err != nil {
		return err
	}
	seen := map[string]bool{}
	return d.children(func(e xml.StartElement) error {
		name := e.Name.Local
		f := p.body[name]
		if f == nil || f.attribute {
			return fmt.Errorf("%v has no member %s", p.typ, cut(name))
		}
		if f.flat && f.kind == listKind {
			return d.item(e, &f.shape, v.Field(f.index))
		}
		if seen[name] {
			return fmt.Errorf("%v has %s twice", p.typ, name)
		}
		seen[name] = true
		return d.value(e, &f.shape, v.Field(f.index))
	})
}

// decodeAttributes reads the members that are attributes ("xsi:type"). Others
// are of no interest.
func (p *plan) decodeAttributes(given []xml.Attr, v reflect.Value) error {
	for i := range p.fields {
		f := &p.fields[i]
		if !f.attribute {
			continue
		}
		name := f.name[strings.IndexByte(f.name, ':')+1:]
		for _, a := range given {
			if a.Name.Local != name || a.Name.Space == "xmlns" {
				continue
			}
			if err := f.setText(target(v.Field(i)), a.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// value reads an element into the place of a member.
func (d *xmlReader) value(e xml.StartElement, s *shape, v reflect.Value) error {
	switch s.kind {
	case structKind:
		return d.structure(e, s.fields, target(v))
	case listKind:
		v.Set(reflect.MakeSlice(s.typ, 0, 0))
		return d.children(func(e xml.StartElement) error {
			if e.Name.Local != s.item {
				return fmt.Errorf("a list of %s has %s", s.item, cut(e.Name.Local))
			}
			return d.item(e, s, v)
		})
	case mapKind:
		return errors.New("maps are not read from XML") // S3 has none in a body
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	if s.kind != stringKind {
		text = strings.TrimSpace(text)
	}
	return s.setText(target(v), text)
}

// item reads an element into a new place at the end of a list.
func (d *xmlReader) item(e xml.StartElement, s *shape, list reflect.Value) error {
	n := list.Len()
	if n == list.Cap() {
		list.Set(grown(list))
	}
	list.SetLen(n + 1)
	return d.value(e, s.elem, list.Index(n))
}

// text reads the text of an element to its end.
func (d *xmlReader) text() (string, error) {
	var b strings.Builder
	for {
		t, err := d.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("%s stands where text belongs", cut(t.Name.Local))
		}
	}
}
