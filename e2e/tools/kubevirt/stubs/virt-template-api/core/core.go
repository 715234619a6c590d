// Package core names the resources of KubeVirt's VM templates.
//
// It stands in for kubevirt.io/virt-template-api/core. Templates are not installed in the local cluster, so the names
// are only ever compared with and written into manifests that nothing applies.
package core

const (
	// GroupName is the API group of VM templates.
	GroupName = "template.kubevirt.io"

	// SingularResourceName and PluralResourceName name the template resource.
	SingularResourceName = "virtualmachinetemplate"
	PluralResourceName   = "virtualmachinetemplates"

	// SingularRequestResourceName and PluralRequestResourceName name the request that makes a template from a VM.
	SingularRequestResourceName = "virtualmachinetemplaterequest"
	PluralRequestResourceName   = "virtualmachinetemplaterequests"
)
