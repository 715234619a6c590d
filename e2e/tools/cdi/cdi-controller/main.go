// Command cdi-controller runs CDI's controllers outside a cluster.
//
// CDI's own main reads its keys from fixed folders below /var/run, serves metrics on a fixed port of every address and
// takes its account from a pod: it cannot run as an ordinary process. This one makes the same controllers, by the same
// calls, from a kubeconfig.
package main

import (
	"context"
	"crypto/rsa"
	"flag"
	"fmt"
	"log"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v6/apis/volumesnapshot/v1"
	ocpconfigv1 "github.com/openshift/api/config/v1"
	imagev1 "github.com/openshift/api/image/v1"
	routev1 "github.com/openshift/api/route/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	forklift "kubevirt.io/containerized-data-importer-api/pkg/apis/forklift/v1beta1"
	"kubevirt.io/containerized-data-importer/pkg/apiserver"
	"kubevirt.io/containerized-data-importer/pkg/common"
	"kubevirt.io/containerized-data-importer/pkg/controller"
	"kubevirt.io/containerized-data-importer/pkg/controller/datavolume"
	"kubevirt.io/containerized-data-importer/pkg/controller/populators"
	"kubevirt.io/containerized-data-importer/pkg/controller/transfer"
	"kubevirt.io/containerized-data-importer/pkg/keys"
	metrics "kubevirt.io/containerized-data-importer/pkg/monitoring/metrics/cdi-controller"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	// namespace is CDI's own; its packages assume this name outside a pod.
	namespace = "cdi"
	// Images are names for pod templates: nothing pulls them in the local cluster.
	importerImage = "kubevirt/cdi-importer"
	clonerImage   = "kubevirt/cdi-cloner"
	pullPolicy    = "IfNotPresent"
	verbosity     = "1"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server, as CDI's controller account")
	flag.Parse()
	logf.SetLogger(zap.New())
	if err := run(signals.SetupSignalHandler(), *kubeconfig); err != nil {
		log.Fatalf("cdi-controller: %v", err)
	}
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	tokenKey, err := signingKey(config)
	if err != nil {
		return fmt.Errorf("the key that cdi-apiserver signs clone tokens with: %w", err)
	}
	if err := metrics.SetupMetrics(); err != nil {
		return err
	}
	mgr, err := manager.New(config, manager.Options{
		Scheme:  scheme,
		Cache:   cacheOptions(),
		Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	if err := addControllers(ctx, mgr, tokenKey); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, cdiv1.AddToScheme, extv1.AddToScheme, snapshotv1.AddToScheme,
		forklift.AddToScheme, imagev1.Install, ocpconfigv1.Install, routev1.Install,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

// signingKey reads the key that cdi-apiserver made at its first start.
func signingKey(config *rest.Config) (*rsa.PrivateKey, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return keys.GetOrCreatePrivateKey(clients, namespace, apiserver.APISigningKeySecretName, nil)
}

// cacheOptions keeps what CDI only needs in its own namespace out of the caches, as its own main does.
func cacheOptions() cache.Options {
	own := cache.ByObject{Field: fields.Set{"metadata.namespace": namespace}.AsSelector()}
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&networkingv1.Ingress{}: own,
		&batchv1.CronJob{}:      own,
		&batchv1.Job{}:          own,
		&corev1.ConfigMap{}:     own,
		&corev1.Secret{}:        own,
	}}
}

// addControllers makes every controller of CDI but those of uploads and of clones by copying between pods, whose
// servers need a node.
func addControllers(ctx context.Context, mgr manager.Manager, tokenKey *rsa.PrivateKey) error {
	logger := logf.Log.WithName("cdi")
	labels := map[string]string{}
	public := &tokenKey.PublicKey

	if err := datavolume.CreateCommonIndexes(mgr); err != nil {
		return err
	}
	if err := populators.CreateCommonPopulatorIndexes(mgr); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		add  func() error
	}{
		{"config", func() error {
			_, err := controller.NewConfigController(mgr, logger, common.CDIUploadProxyResourceName, common.ConfigName, labels)
			return err
		}},
		{"storage profiles", func() error {
			_, err := controller.NewStorageProfileController(mgr, logger, labels)
			return err
		}},
		{"data volumes: import", func() error {
			_, err := datavolume.NewImportController(ctx, mgr, logger, labels)
			return err
		}},
		{"data volumes: upload", func() error {
			_, err := datavolume.NewUploadController(ctx, mgr, logger, labels)
			return err
		}},
		{"data volumes: volume clone", func() error {
			_, err := datavolume.NewPvcCloneController(ctx, mgr, logger, clonerImage, importerImage, pullPolicy, public, tokenKey, labels)
			return err
		}},
		{"data volumes: snapshot clone", func() error {
			_, err := datavolume.NewSnapshotCloneController(ctx, mgr, logger, clonerImage, importerImage, pullPolicy, public, tokenKey, labels)
			return err
		}},
		{"data volumes: populator", func() error {
			_, err := datavolume.NewPopulatorController(ctx, mgr, logger, labels)
			return err
		}},
		{"import", func() error {
			_, err := controller.NewImportController(mgr, logger, importerImage, pullPolicy, verbosity, labels)
			return err
		}},
		{"object transfer", func() error {
			_, err := transfer.NewObjectTransferController(mgr, logger, labels)
			return err
		}},
		{"import crons", func() error {
			_, err := controller.NewDataImportCronController(mgr, logger, importerImage, pullPolicy, labels)
			return err
		}},
		{"data sources", func() error {
			_, err := controller.NewDataSourceController(mgr, logger, labels)
			return err
		}},
		{"import populator", func() error {
			_, err := populators.NewImportPopulator(ctx, mgr, logger, labels)
			return err
		}},
		{"upload populator", func() error {
			_, err := populators.NewUploadPopulator(ctx, mgr, logger, labels)
			return err
		}},
		{"clone populator", func() error {
			_, err := populators.NewClonePopulator(ctx, mgr, logger, clonerImage, pullPolicy, labels, public)
			return err
		}},
	} {
		if err := part.add(); err != nil {
			return fmt.Errorf("controller of %s: %w", part.name, err)
		}
	}
	return nil
}
