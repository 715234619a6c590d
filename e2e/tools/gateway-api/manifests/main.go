// Command manifests writes Gateway API's standard resource definitions into a folder, as crds.yaml: those of the module
// that go.mod pins, unchanged.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

// kinds are those that the control plane reads.
var kinds = []string{
	"backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants", "tlsroutes",
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: manifests FOLDER")
	}
	if err := generate(os.Args[1]); err != nil {
		log.Fatalf("Gateway API's definitions cannot be written: %v", err)
	}
}

func generate(folder string) error {
	source, err := download()
	if err != nil {
		return err
	}
	var all [][]byte
	for _, kind := range kinds {
		name := fmt.Sprintf("gateway.networking.k8s.io_%s.yaml", kind)
		content, err := os.ReadFile(filepath.Join(source, "config", "crd", "standard", name))
		if err != nil {
			return err
		}
		all = append(all, content)
	}
	return os.WriteFile(filepath.Join(folder, "crds.yaml"), bytes.Join(all, []byte("\n---\n")), 0o644)
}

// download fetches the module at go.mod's version and says where its sources are.
func download() (string, error) {
	command := exec.Command("go", "mod", "download", "-json", "sigs.k8s.io/gateway-api")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(output, &module); err != nil {
		return "", err
	}
	return module.Dir, nil
}
