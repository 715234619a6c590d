// An empty stand-in: nothing that is built here imports this module, but KubeVirt requires it.
module kubevirt.io/virt-template-engine

go 1.26.0
