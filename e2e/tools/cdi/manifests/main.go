// Command manifests writes the objects that CDI's operator would make, taken from its own packages, into a folder:
//
//	crds.yaml       the resource definitions, without descriptions
//	rbac.yaml       service accounts, roles and bindings
//	admission.yaml  webhooks and the API service
//	operator.yaml   the operator itself with its rights and CDI's CRD, as a release has it
//
// Workloads are left out of the first three: the control bed runs CDI's controllers as processes. The images in
// operator.yaml have the programs' names: who applies it puts theirs.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"kubevirt.io/containerized-data-importer/pkg/operator/resources/cluster"
	"kubevirt.io/containerized-data-importer/pkg/operator/resources/namespaced"
	"kubevirt.io/containerized-data-importer/pkg/operator/resources/operator"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// namespace is where CDI's own objects live.
const namespace = "cdi"

// version is that of the module.
const version = "v1.65.0"

// fileOf says which file an object of a kind belongs to; kinds that are not here are not written.
var fileOf = map[string]string{
	"CustomResourceDefinition":       "crds",
	"ServiceAccount":                 "rbac",
	"ClusterRole":                    "rbac",
	"ClusterRoleBinding":             "rbac",
	"Role":                           "rbac",
	"RoleBinding":                    "rbac",
	"ValidatingWebhookConfiguration": "admission",
	"MutatingWebhookConfiguration":   "admission",
	"APIService":                     "admission",
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: manifests FOLDER")
	}
	if err := generate(os.Args[1]); err != nil {
		log.Fatalf("CDI's manifests cannot be generated: %v", err)
	}
}

func generate(folder string) error {
	scope := &cluster.FactoryArgs{Namespace: namespace}
	static, err := cluster.CreateAllStaticResources(scope)
	if err != nil {
		return err
	}
	dynamic, err := cluster.CreateAllDynamicResources(scope)
	if err != nil {
		return err
	}
	own, err := namespaced.CreateAllResources(&namespaced.FactoryArgs{Namespace: namespace, Verbosity: "1"})
	if err != nil {
		return err
	}

	files := map[string]*bytes.Buffer{}
	for _, object := range slices.Concat(static, dynamic, own, []client.Object{operator.NewCdiCrd()}) {
		name, wanted := fileOf[object.GetObjectKind().GroupVersionKind().Kind]
		if !wanted {
			continue
		}
		if files[name] == nil {
			files[name] = &bytes.Buffer{}
		}
		if err := add(files[name], object); err != nil {
			return err
		}
	}
	operators, err := operator.CreateOperatorResourceGroup("everything", &operator.FactoryArgs{
		Image: "cdi-operator",
		NamespacedArgs: namespaced.FactoryArgs{
			OperatorVersion:        version,
			DeployClusterResources: "true",
			ControllerImage:        "cdi-controller",
			ImporterImage:          "cdi-importer",
			ClonerImage:            "cdi-cloner",
			OvirtPopulatorImage:    "cdi-importer",
			APIServerImage:         "cdi-apiserver",
			UploadProxyImage:       "cdi-uploadproxy",
			UploadServerImage:      "cdi-uploadserver",
			Verbosity:              "1",
			PullPolicy:             "IfNotPresent",
			Namespace:              namespace,
		},
	})
	if err != nil {
		return err
	}
	files["operator"] = &bytes.Buffer{}
	for _, object := range operators {
		if err := add(files["operator"], object); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), content.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// add appends an object as a YAML document, without its status and without descriptions.
func add(out *bytes.Buffer, object client.Object) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	unstructured.RemoveNestedField(fields, "status")
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	text, err := yaml.Marshal(withoutDescriptions(fields))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "---\n%s", text)
	return err
}

// withoutDescriptions removes the prose of schemas: a field called "description" that holds a string. A property of
// that name holds a schema and stays.
func withoutDescriptions(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, child := range typed {
			if _, isText := child.(string); key == "description" && isText {
				delete(typed, key)
				continue
			}
			typed[key] = withoutDescriptions(child)
		}
	case []any:
		for i, child := range typed {
			typed[i] = withoutDescriptions(child)
		}
	}
	return value
}
