// Package v1beta1 holds the types of VM templates as far as KubeVirt's export code names them.
//
// It stands in for kubevirt.io/virt-template-api/core/v1beta1. The fields follow KubeVirt's use of them; the local
// cluster has no template CRD, so no object of these kinds ever exists.
package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubevirt.io/virt-template-api/core"
)

// GroupVersion is the API group and version of these types.
var GroupVersion = schema.GroupVersion{Group: core.GroupName, Version: "v1beta1"}

// ConditionReady tells that a template may be used.
const ConditionReady = "Ready"

// Parameter is a value that the user of a template fills in.
type Parameter struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	Value       string `json:"value,omitempty"`
	Generate    string `json:"generate,omitempty"`
	From        string `json:"from,omitempty"`
	Required    bool   `json:"required,omitempty"`
}

// VirtualMachineTemplateSpec is a VM with holes for parameters.
type VirtualMachineTemplateSpec struct {
	Parameters     []Parameter           `json:"parameters,omitempty"`
	VirtualMachine *runtime.RawExtension `json:"virtualMachine"`
	Message        string                `json:"message,omitempty"`
}

// VirtualMachineTemplateStatus says whether the template may be used.
type VirtualMachineTemplateStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// VirtualMachineTemplate is a VM to be made many times.
type VirtualMachineTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VirtualMachineTemplateSpec   `json:"spec"`
	Status VirtualMachineTemplateStatus `json:"status,omitempty"`
}

// DeepCopy returns a copy that shares no memory with the receiver.
func (in *VirtualMachineTemplate) DeepCopy() *VirtualMachineTemplate {
	if in == nil {
		return nil
	}
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Parameters = append([]Parameter(nil), in.Spec.Parameters...)
	out.Spec.VirtualMachine = in.Spec.VirtualMachine.DeepCopy()
	out.Status.Conditions = append([]metav1.Condition(nil), in.Status.Conditions...)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (in *VirtualMachineTemplate) DeepCopyObject() runtime.Object { return in.DeepCopy() }

// VirtualMachineTemplateList is a list of templates.
type VirtualMachineTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []VirtualMachineTemplate `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (in *VirtualMachineTemplateList) DeepCopyObject() runtime.Object {
	out := *in
	out.Items = make([]VirtualMachineTemplate, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].DeepCopy()
	}
	return &out
}

// VirtualMachineReference points at a VM.
type VirtualMachineReference struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// VirtualMachineTemplateRequestSpec asks for a template of a VM.
type VirtualMachineTemplateRequestSpec struct {
	VirtualMachineRef VirtualMachineReference `json:"virtualMachineRef"`
	TemplateName      string                  `json:"templateName,omitempty"`
}

// VirtualMachineTemplateRequest asks for a template of a VM.
type VirtualMachineTemplateRequest struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec VirtualMachineTemplateRequestSpec `json:"spec"`
}
