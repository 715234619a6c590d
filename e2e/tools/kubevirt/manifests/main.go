// Command manifests writes the objects that KubeVirt's operator would make, taken from its own packages, into a folder:
//
//	crds.yaml       the resource definitions, without descriptions
//	rbac.yaml       service accounts, roles, bindings and the priority class
//	admission.yaml  webhooks, admission policies and the API services
//	operator.yaml   the operator itself with its rights and KubeVirt's CRD, as a release has it
//
// Left out of the first three are workloads (the control bed runs virt-api and virt-controller as processes), VM
// templates, which have a controller of their own, and the common instance types, in whose place Nephele has Flavors.
// The images in operator.yaml have the names kubevirt, virt-handler and virt-launcher: who applies it puts theirs.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	v1 "kubevirt.io/api/core/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/install"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/rbac"
	operatorutil "kubevirt.io/kubevirt/pkg/virt-operator/util"
)

// namespace is where KubeVirt's own objects live.
const namespace = "kubevirt"

// version is that of the module; it only shows in image names, which nothing here pulls.
const version = "v1.9.0"

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: manifests FOLDER")
	}
	if err := generate(os.Args[1]); err != nil {
		log.Fatalf("KubeVirt's manifests cannot be generated: %v", err)
	}
}

func generate(folder string) error {
	strategy, err := installStrategy()
	if err != nil {
		return err
	}
	kubeVirtCRD, err := components.NewKubeVirtCrd()
	if err != nil {
		return err
	}

	crds := objects(append(strategy.CRDs(), kubeVirtCRD))
	rights := objects(strategy.ServiceAccounts())
	rights = append(rights, objects(strategy.ClusterRoles())...)
	rights = append(rights, objects(strategy.ClusterRoleBindings())...)
	rights = append(rights, objects(strategy.Roles())...)
	rights = append(rights, objects(strategy.RoleBindings())...)
	rights = append(rights, components.NewKubeVirtPriorityClassCR())
	admission := objects(strategy.ValidatingWebhookConfigurations())
	admission = append(admission, objects(strategy.MutatingWebhookConfigurations())...)
	admission = append(admission, objects(strategy.ValidatingAdmissionPolicies())...)
	admission = append(admission, objects(strategy.ValidatingAdmissionPolicyBindings())...)
	admission = append(admission, objects(strategy.APIServices())...)

	for name, list := range map[string][]runtime.Object{
		"crds": crds, "rbac": rights, "admission": admission, "operator": operator(kubeVirtCRD),
	} {
		if err := write(filepath.Join(folder, name+".yaml"), list); err != nil {
			return err
		}
	}
	return nil
}

// installStrategy returns what the operator would install for a KubeVirt object without any settings.
func installStrategy() (*install.Strategy, error) {
	if err := os.Setenv(operatorutil.VirtOperatorImageEnvName, "kubevirt/virt-operator:"+version); err != nil {
		return nil, err
	}
	kubeVirt := &v1.KubeVirt{}
	kubeVirt.Namespace = namespace
	kubeVirt.Name = "kubevirt"
	kubeVirt.Spec.ImageRegistry = "kubevirt"
	kubeVirt.Spec.ImageTag = version
	return install.GenerateCurrentInstallStrategy(operatorutil.GetTargetConfigFromKV(kubeVirt), "", namespace)
}

// operator returns what a person applies before the KubeVirt object.
func operator(kubeVirtCRD runtime.Object) []runtime.Object {
	list := []runtime.Object{kubeVirtCRD, components.NewKubeVirtPriorityClassCR()}
	for _, object := range rbac.GetAllOperator(namespace) {
		list = append(list, object.(runtime.Object))
	}
	const programs, handler, launcher, none = "kubevirt", "virt-handler", "virt-launcher", ""
	return append(list, components.NewOperatorDeployment(namespace, none, none, version, "2", version, none,
		programs, programs, handler, launcher, programs, programs, programs,
		none, none, none, none, none, programs, corev1.PullIfNotPresent))
}

func objects[T runtime.Object](list []T) []runtime.Object {
	result := make([]runtime.Object, 0, len(list))
	for _, object := range list {
		result = append(result, object)
	}
	return result
}

// write puts the objects into one file of YAML documents, descriptions and empty statuses removed.
func write(path string, list []runtime.Object) error {
	var out bytes.Buffer
	for _, object := range list {
		if accessor, err := meta.Accessor(object); err != nil || isOfTemplates(accessor.GetName()) {
			continue
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return err
		}
		// Some objects say no kind, or a wrong version of it: KubeVirt writes them by typed clients, which do not look.
		if kinds, _, err := scheme.Scheme.ObjectKinds(object); err == nil {
			fields["apiVersion"], fields["kind"] = kinds[0].ToAPIVersionAndKind()
		}
		if fields["kind"] == nil || fields["kind"] == "" {
			return fmt.Errorf("%T in %s has no kind", object, filepath.Base(path))
		}
		unstructured.RemoveNestedField(fields, "status")
		unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
		text, err := yaml.Marshal(withoutDescriptions(fields))
		if err != nil {
			return err
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// isOfTemplates tells by its name whether an object belongs to VM templates.
func isOfTemplates(name string) bool {
	return strings.HasPrefix(name, "virt-template") || strings.HasSuffix(name, ".subresources.template.kubevirt.io")
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
