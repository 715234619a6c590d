// Command cdi-apiserver runs CDI's admission webhooks and its upload API outside a cluster.
//
// CDI's own main listens on a fixed port of every address. This one makes the same server, by the same calls, on the
// loopback port it is told.
package main

import (
	"context"
	"flag"
	"log"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v6/apis/volumesnapshot/v1"
	snapclient "github.com/kubernetes-csi/external-snapshotter/client/v6/clientset/versioned"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	aggregatorclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	"kubevirt.io/containerized-data-importer/pkg/apiserver"
	cdiclient "kubevirt.io/containerized-data-importer/pkg/client/clientset/versioned"
	"kubevirt.io/containerized-data-importer/pkg/controller/datavolume"
	certwatcher "kubevirt.io/containerized-data-importer/pkg/util/cert/watcher"
	cryptowatch "kubevirt.io/containerized-data-importer/pkg/util/tls-crypto-watch"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
)

type options struct {
	kubeconfig, certFile, keyFile string
	port                          uint
}

func main() {
	var opts options
	flag.StringVar(&opts.kubeconfig, "kubeconfig", "", "how to reach the API server, as CDI's API server account")
	flag.UintVar(&opts.port, "port", 0, "port on 127.0.0.1 to listen on")
	flag.StringVar(&opts.certFile, "tls-cert-file", "", "serving certificate, PEM")
	flag.StringVar(&opts.keyFile, "tls-key-file", "", "its private key, PEM")
	klog.InitFlags(nil)
	flag.Parse()
	logf.SetLogger(zap.New())
	if err := run(signals.SetupSignalHandler(), opts); err != nil {
		log.Fatalf("cdi-apiserver: %v", err)
	}
}

func run(ctx context.Context, opts options) error {
	config, err := clientcmd.BuildConfigFromFlags("", opts.kubeconfig)
	if err != nil {
		return err
	}
	scheme := clientgoscheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{cdiv1.AddToScheme, snapshotv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	cdiClients, err := cdiclient.NewForConfig(config)
	if err != nil {
		return err
	}
	reader, err := newClient(ctx, config, scheme)
	if err != nil {
		return err
	}
	authentication, err := apiserver.NewAuthConfigWatcher(ctx, clients)
	if err != nil {
		return err
	}
	tlsSettings, err := cryptowatch.NewCdiConfigTLSWatcher(ctx, cdiClients)
	if err != nil {
		return err
	}
	authorizer, err := apiserver.NewAuthorizorFromConfig(config, authentication)
	if err != nil {
		return err
	}
	certificate, err := certwatcher.New(opts.certFile, opts.keyFile)
	if err != nil {
		return err
	}
	go func() {
		if err := certificate.Start(ctx.Done()); err != nil {
			log.Fatalf("cdi-apiserver: certificate: %v", err)
		}
	}()
	server, err := apiserver.NewCdiAPIServer("127.0.0.1", opts.port, clients, aggregatorclient.NewForConfigOrDie(config),
		cdiClients, snapclient.NewForConfigOrDie(config), reader, authorizer, authentication, tlsSettings, certificate,
		map[string]string{})
	if err != nil {
		return err
	}
	return server.Start(ctx.Done())
}

// cachingClient reads what webhooks look at most from a cache and everything else from the API server, as CDI's main
// does.
type cachingClient struct {
	client.Client
	cache cache.Cache
}

func newClient(ctx context.Context, config *rest.Config, scheme *runtime.Scheme) (client.Client, error) {
	direct, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	store, err := cache.New(config, cache.Options{Scheme: scheme, ByObject: map[client.Object]cache.ByObject{
		&corev1.PersistentVolume{}: {}, &storagev1.StorageClass{}: {}, &cdiv1.StorageProfile{}: {},
	}})
	if err != nil {
		return nil, err
	}
	if err := datavolume.CreateAvailablePersistentVolumeIndex(store); err != nil {
		return nil, err
	}
	go func() {
		if err := store.Start(ctx); err != nil {
			log.Fatalf("cdi-apiserver: cache: %v", err)
		}
	}()
	store.WaitForCacheSync(ctx)
	return &cachingClient{Client: direct, cache: store}, nil
}

// Get implements client.Reader.
func (c *cachingClient) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	switch object.(type) {
	case *corev1.PersistentVolume, *storagev1.StorageClass, *cdiv1.StorageProfile:
		return c.cache.Get(ctx, key, object, opts...)
	}
	return c.Client.Get(ctx, key, object, opts...)
}

// List implements client.Reader.
func (c *cachingClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	switch list.(type) {
	case *corev1.PersistentVolumeList, *storagev1.StorageClassList, *cdiv1.StorageProfileList:
		return c.cache.List(ctx, list, opts...)
	}
	return c.Client.List(ctx, list, opts...)
}
