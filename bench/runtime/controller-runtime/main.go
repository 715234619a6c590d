// A small controller on controller-runtime that does what ../controller.ts does on our runtime, and says the same words
// on standard output: `ready` when its caches are filled, `seen` when it has looked at as many objects as --expect says,
// `collected` after the garbage collection that SIGUSR2 asks for.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

const (
	childOwner  = client.FieldOwner("nephele.dev/sample/config-map")
	statusOwner = client.FieldOwner("nephele.dev/sample/status")
)

type reconciler struct {
	client.Client
	seen *seen
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	sample := &Sample{}
	if err := r.Get(ctx, request.NamespacedName, sample); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if sample.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	if err := r.applyConfigMap(ctx, sample); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.applyStatus(ctx, sample); err != nil {
		return ctrl.Result{}, err
	}
	r.seen.add(request.String())
	return ctrl.Result{}, nil
}

func (r *reconciler) applyConfigMap(ctx context.Context, sample *Sample) error {
	data := map[string]string{"text": sample.Spec.Text}
	current := &corev1.ConfigMap{}
	err := r.Get(ctx, client.ObjectKeyFromObject(sample), current)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if err == nil && equality.Semantic.DeepEqual(current.Data, data) && metav1.IsControlledBy(current, sample) {
		return nil
	}
	owner := metav1ac.OwnerReference().
		WithAPIVersion(groupVersion.String()).WithKind("Sample").WithName(sample.Name).WithUID(sample.UID).
		WithController(true).WithBlockOwnerDeletion(true)
	desired := corev1ac.ConfigMap(sample.Name, sample.Namespace).WithOwnerReferences(owner).WithData(data)
	return r.Apply(ctx, desired, childOwner, client.ForceOwnership)
}

func (r *reconciler) applyStatus(ctx context.Context, sample *Sample) error {
	next := sample.DeepCopy().Status
	next.ConfigMapName = sample.Name
	next.ObservedGeneration = sample.Generation
	for _, condition := range []metav1.Condition{
		{Type: "Ready", Status: metav1.ConditionTrue, Message: "All is as the spec says"},
		{Type: "Reconciling", Status: metav1.ConditionFalse},
		{Type: "Stalled", Status: metav1.ConditionFalse},
	} {
		condition.Reason = "Success"
		condition.ObservedGeneration = sample.Generation
		meta.SetStatusCondition(&next.Conditions, condition)
	}
	if equality.Semantic.DeepEqual(sample.Status, next) {
		return nil
	}
	desired := &sampleApply{
		TypeMetaApplyConfiguration:   *metav1ac.TypeMeta().WithAPIVersion(groupVersion.String()).WithKind("Sample"),
		ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(sample.Name).WithNamespace(sample.Namespace).WithUID(sample.UID),
		Status:                       next,
	}
	return r.Status().Apply(ctx, desired, statusOwner, client.ForceOwnership)
}

// seen says once that so many different objects have been looked at.
type seen struct {
	mutex  sync.Mutex
	keys   map[string]struct{}
	expect int
}

func (s *seen) add(key string) {
	if s.expect == 0 {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.keys == nil {
		return
	}
	s.keys[key] = struct{}{}
	if len(s.keys) == s.expect {
		s.keys = nil
		fmt.Println("seen")
	}
}

func run() error {
	userAgent := flag.String("user-agent", "", "name in the audit log")
	workers := flag.Int("workers", 1, "reconciles at once")
	expect := flag.Int("expect", 0, "say when this many objects have been looked at")
	strip := flag.Bool("strip-managed-fields", true, "keep managed fields out of the cache")
	flag.Parse()

	ctrl.SetLogger(zap.New(zap.Level(zapcore.InfoLevel), zap.WriteTo(os.Stderr)))
	config, err := ctrl.GetConfig() // reads --kubeconfig
	if err != nil {
		return err
	}
	config.UserAgent = *userAgent
	config.QPS = -1 // no limit of its own
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	options := ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "0"}}
	if *strip {
		options.Cache = cache.Options{DefaultTransform: cache.TransformStripManagedFields()}
	}
	manager, err := ctrl.NewManager(config, options)
	if err != nil {
		return err
	}
	// Its own status is no news, as in our runtime.
	news := builder.WithPredicates(predicate.Or[client.Object](
		predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, predicate.AnnotationChangedPredicate{}))
	err = ctrl.NewControllerManagedBy(manager).
		Named("sample").
		For(&Sample{}, news).
		Owns(&corev1.ConfigMap{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: *workers}).
		Complete(&reconciler{Client: manager.GetClient(), seen: &seen{keys: map[string]struct{}{}, expect: *expect}})
	if err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	go collectOnSignal()
	go func() {
		if manager.GetCache().WaitForCacheSync(ctx) {
			fmt.Println("ready")
		}
	}()
	return manager.Start(ctx)
}

// collectOnSignal gives all that is not used back to the system.
func collectOnSignal() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	for range asked {
		for range 3 {
			debug.FreeOSMemory()
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Println("collected")
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
