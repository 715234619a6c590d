package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

var groupVersion = schema.GroupVersion{Group: "bench.nephele.dev", Version: "v1"}

// Sample is the custom object; its schema is in ../samples.ts.
type Sample struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              SampleSpec   `json:"spec,omitempty"`
	Status            SampleStatus `json:"status,omitempty"`
}

type SampleSpec struct {
	Text string `json:"text"`
}

type SampleStatus struct {
	ConfigMapName      string             `json:"configMapName,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type SampleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Sample `json:"items"`
}

// The copies are what controller-gen writes for these types.

func (s *Sample) DeepCopy() *Sample {
	out := new(Sample)
	out.TypeMeta = s.TypeMeta
	s.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec = s.Spec
	out.Status = s.Status
	if s.Status.Conditions != nil {
		out.Status.Conditions = make([]metav1.Condition, len(s.Status.Conditions))
		for i := range s.Status.Conditions {
			s.Status.Conditions[i].DeepCopyInto(&out.Status.Conditions[i])
		}
	}
	return out
}

func (s *Sample) DeepCopyObject() runtime.Object { return s.DeepCopy() }

func (l *SampleList) DeepCopyObject() runtime.Object {
	out := &SampleList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopy())
	}
	return out
}

// sampleApply is a Sample's status as it is applied: only the fields that the controller owns.
type sampleApply struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`
	Status                                 SampleStatus `json:"status"`
}

func (sampleApply) IsApplyConfiguration() {}

func (s *sampleApply) GetName() *string       { return s.Name }
func (s *sampleApply) GetNamespace() *string  { return s.Namespace }
func (s *sampleApply) GetKind() *string       { return s.Kind }
func (s *sampleApply) GetAPIVersion() *string { return s.APIVersion }

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(groupVersion, &Sample{}, &SampleList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return scheme, nil
}
