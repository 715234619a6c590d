// Command manifests writes the descriptors of Envoy's whole API into a folder, as envoy.binpb (a FileDescriptorSet).
//
// Go's packages of the API carry each proto file's descriptor as a literal. The literals are read from the sources of
// the modules that go.mod pins: to compile and link some five hundred packages for the same bytes would take minutes.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
)

// modules hold every file that Envoy's API imports.
var modules = []string{
	"cel.dev/expr",
	"github.com/cncf/xds/go",
	"github.com/envoyproxy/go-control-plane/envoy",
	"github.com/envoyproxy/protoc-gen-validate",
	"github.com/prometheus/client_model",
	"go.opentelemetry.io/proto/otlp",
	"google.golang.org/genproto/googleapis/api",
	"google.golang.org/genproto/googleapis/rpc",
	"google.golang.org/protobuf",
}

// wanted are the files of which everything is kept; of others only what these import.
func wanted(path string) bool {
	return strings.HasPrefix(path, "envoy/") || strings.HasPrefix(path, "xds/")
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: manifests FOLDER")
	}
	if err := generate(os.Args[1]); err != nil {
		log.Fatalf("the descriptors of Envoy's API cannot be read: %v", err)
	}
}

func generate(folder string) error {
	folders, err := download()
	if err != nil {
		return err
	}
	files := map[string]*descriptorpb.FileDescriptorProto{}
	for _, source := range folders {
		if err := collect(source, files); err != nil {
			return err
		}
	}
	set, err := sorted(files)
	if err != nil {
		return err
	}
	if _, err := protodesc.NewFiles(set); err != nil {
		return err
	}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "envoy.binpb"), content, 0o644)
}

// download fetches the modules at go.mod's versions and says where their sources are.
func download() ([]string, error) {
	command := exec.Command("go", append([]string{"mod", "download", "-json"}, modules...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	var folders []string
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var module struct{ Path, Dir string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, err
		}
		folders = append(folders, module.Dir)
	}
}

// collect reads the descriptors of all generated Go files below a folder.
func collect(folder string, files map[string]*descriptorpb.FileDescriptorProto) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".pb.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range parsed.Decls {
			raw, err := rawDescriptor(declaration)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if raw == nil {
				continue
			}
			file := &descriptorpb.FileDescriptorProto{}
			// The runtime's own registry knows no extension here, so options of Envoy's stay as unknown fields.
			if err := proto.Unmarshal(raw, file); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			files[file.GetName()] = file
		}
		return nil
	})
}

// rawDescriptor returns the bytes of a constant or variable that protoc-gen-go calls file_…_rawDesc, else nothing.
func rawDescriptor(declaration ast.Decl) ([]byte, error) {
	general, ok := declaration.(*ast.GenDecl)
	if !ok || (general.Tok != token.CONST && general.Tok != token.VAR) {
		return nil, nil
	}
	for _, spec := range general.Specs {
		value := spec.(*ast.ValueSpec)
		if strings.HasPrefix(value.Names[0].Name, "file_") && strings.HasSuffix(value.Names[0].Name, "_rawDesc") {
			return literal(value.Values[0])
		}
	}
	return nil, nil
}

// literal evaluates what protoc-gen-go writes: joined strings (today), or a slice of numbers (before 2025).
func literal(expression ast.Expr) ([]byte, error) {
	switch typed := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(typed.Value)
		return []byte(text), err
	case *ast.BinaryExpr:
		left, err := literal(typed.X)
		if err != nil {
			return nil, err
		}
		right, err := literal(typed.Y)
		return append(left, right...), err
	case *ast.CallExpr:
		return literal(typed.Args[0])
	case *ast.CompositeLit:
		content := make([]byte, 0, len(typed.Elts))
		for _, element := range typed.Elts {
			number, err := strconv.ParseUint(element.(*ast.BasicLit).Value, 0, 8)
			if err != nil {
				return nil, err
			}
			content = append(content, byte(number))
		}
		return content, nil
	}
	return nil, fmt.Errorf("a descriptor is written as %T, which is not known here", expression)
}

// sorted puts the wanted files and all that they import in an order in which each comes after its imports.
func sorted(files map[string]*descriptorpb.FileDescriptorProto) (*descriptorpb.FileDescriptorSet, error) {
	set, seen := &descriptorpb.FileDescriptorSet{}, map[string]bool{}
	var add func(path string) error
	add = func(path string) error {
		if seen[path] {
			return nil
		}
		seen[path] = true
		file := files[path]
		if file == nil {
			return fmt.Errorf("%s is imported, and no module of go.mod has it", path)
		}
		for _, imported := range file.GetDependency() {
			if err := add(imported); err != nil {
				return err
			}
		}
		set.File = append(set.File, file)
		return nil
	}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if !wanted(path) {
			continue
		}
		if err := add(path); err != nil {
			return nil, err
		}
	}
	return set, nil
}
