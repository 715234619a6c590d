// Package virttemplate is a client of VM templates as far as KubeVirt's informers use one.
//
// It stands in for kubevirt.io/virt-template-client-go/virttemplate. Templates are not installed in the local
// cluster, so KubeVirt makes this client and never calls it.
package virttemplate

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"kubevirt.io/virt-template-api/core/v1beta1"
)

// TemplateV1beta1Interface reaches the API group of VM templates.
type TemplateV1beta1Interface interface{ RESTClient() rest.Interface }

// Interface is what a set of clients offers.
type Interface interface {
	TemplateV1beta1() TemplateV1beta1Interface
}

// Clientset implements Interface by a REST client.
type Clientset struct{ rest rest.Interface }

// TemplateV1beta1 returns the client of the only version there is.
func (c *Clientset) TemplateV1beta1() TemplateV1beta1Interface { return c }

// RESTClient returns the client that informers list and watch with.
func (c *Clientset) RESTClient() rest.Interface { return c.rest }

// NewForConfig makes a client for the API server that config names. It does not connect.
func NewForConfig(config *rest.Config) (*Clientset, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(v1beta1.GroupVersion, &v1beta1.VirtualMachineTemplate{}, &v1beta1.VirtualMachineTemplateList{})
	metav1.AddToGroupVersion(scheme, v1beta1.GroupVersion)

	own := *config
	own.GroupVersion = &v1beta1.GroupVersion
	own.APIPath = "/apis"
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(&own)
	if err != nil {
		return nil, err
	}
	return &Clientset{rest: client}, nil
}
