// Command suite is Gateway API's conformance test as a program, with the flags that it has everywhere. Its manifests are
// as they are but for what a cluster without a way out cannot have: the backends' image is the one that is given, and the
// name server that tests of UDPRoute ask is left out.
package main

import (
	"bytes"
	"flag"
	"io/fs"
	"regexp"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

var echoImage = flag.String("echo-image", "", "the image of echo-basic on the cluster's nodes")

func main() {
	conform := testing.InternalTest{Name: "Conformance", F: run}
	testing.Main(regexp.MatchString, []testing.InternalTest{conform}, nil, nil)
}

func run(t *testing.T) {
	if *echoImage == "" {
		t.Fatal("-echo-image must be given")
	}
	options := conformance.DefaultOptions(t)
	options.ManifestFS = []fs.FS{manifests{conformance.Manifests, *echoImage}}
	conformance.RunConformanceWithOptions(t, options)
}

// manifests are the suite's, changed as they are read.
type manifests struct {
	fs.ReadFileFS
	echoImage string
}

var (
	image      = regexp.MustCompile(`(?m)^(\s*(?:- )?image: )\S+/echo-(?:basic|advanced):\S+$`)
	separator  = []byte("\n---\n")
	nameServer = regexp.MustCompile(`(?m)^  name: coredns$`)
)

func (m manifests) ReadFile(name string) ([]byte, error) {
	content, err := m.ReadFileFS.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var kept [][]byte
	for _, document := range bytes.Split(content, separator) {
		if !nameServer.Match(document) {
			kept = append(kept, image.ReplaceAll(document, []byte("${1}"+m.echoImage)))
		}
	}
	return bytes.Join(kept, separator), nil
}
