// Command provisioner makes a folder of the node's disk for each claim of a StorageClass of its name, and a PersistentVolume
// of type local for it; with the reclaim policy Delete the folder goes with the volume.
//
// The nodes of one cluster see the same folder. A StorageClass with the parameter shared: "true" makes use of that: its
// volumes belong to no node, and may be mounted by several at once. Others are of one node, as if the disk were its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	name := flag.String("name", "", "the provisioner's name, as StorageClasses give it")
	root := flag.String("root", "", "the folder in which volumes are made; pods see it at the same path of the node")
	flag.Parse()
	if err := run(*kubeconfig, *name, *root); err != nil {
		log.Fatal(err)
	}
}

func run(kubeconfig, name, root string) error {
	if name == "" || !filepath.IsAbs(root) {
		return errors.New("-name and an absolute -root are needed")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	folders := &folders{root: root}
	// One folder, one provisioner: there is nobody to elect.
	controller.NewProvisionController(ctx, client, name, folders, controller.LeaderElection(false)).Run(ctx)
	return nil
}

// folders provisions volumes as folders of root.
type folders struct{ root string }

var _ controller.Provisioner = &folders{}

func (f *folders) Provision(_ context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	if mode := claim.Spec.VolumeMode; mode != nil && *mode == v1.PersistentVolumeBlock {
		return nil, controller.ProvisioningFinished, errors.New("volumeMode Block is not supported: use Filesystem")
	}
	if options.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, errors.New("no node was selected: the StorageClass needs volumeBindingMode WaitForFirstConsumer")
	}
	path := filepath.Join(f.root, options.PVName)
	// Whoever a pod runs as may write, as in any volume without fsGroup; only the pods that mount it come here.
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// MkdirAll heeds the umask.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// kubelet makes this label of its host name, which is the node's name.
	reach := v1.NodeSelectorRequirement{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{options.SelectedNodeName}}
	if options.StorageClass.Parameters["shared"] == "true" {
		reach = v1.NodeSelectorRequirement{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpExists}
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{reach},
			}}}},
		},
	}, controller.ProvisioningFinished, nil
}

func (f *folders) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(volume.Spec.Local.Path) != f.root {
		return fmt.Errorf("volume %s is not a folder of %s: it was not made here", volume.Name, f.root)
	}
	return os.RemoveAll(volume.Spec.Local.Path)
}
