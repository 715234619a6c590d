// Command network-policies enforces NetworkPolicies on the node of the local cluster. What is decided about a connection
// is kube-network-policies' (kubernetes-sigs); how its first packet comes to it is ours: nftables' own expression for a queue
// is not in every kernel, the older target NFQUEUE is in nearly all.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

const (
	queueNumber = 100
	tableName   = "nephele-network-policies"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	node := flag.String("node", "", "the node's name: policies of its pods are enforced")
	flag.Parse()
	if err := run(*kubeconfig, *node); err != nil {
		log.Fatal(err)
	}
}

func run(kubeconfig, node string) error {
	if node == "" {
		return errors.New("-node is needed")
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
	factory := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		factory.Networking().V1().NetworkPolicies(),
		factory.Core().V1().Namespaces(),
		factory.Core().V1().Pods(),
		nil, nil, nil, nil,
		networkpolicy.Config{QueueID: queueNumber, NodeName: node},
	)
	if err != nil {
		return err
	}
	// Before anything answers: a packet that finds nobody at the queue is dropped.
	if err := lead(); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return controller.Run(ctx)
}

// lead brings the first packet of each connection to the queue, but for what the node's own root sends: kubelet's probes
// and the API server's calls are no pod's, and Kubernetes lets a node always reach its pods.
func lead() error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: tableName, Family: nftables.TableFamilyINet}
	// Added first, so that there is one to delete.
	connection.AddTable(table)
	connection.DelTable(table)
	connection.AddTable(table)
	chain := connection.AddChain(&nftables.Chain{
		Name:    "postrouting",
		Table:   table,
		Type:    nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPostrouting,
		// After a Service's address became a pod's, before a pod's becomes the node's.
		Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource - 5),
	})
	accept := &expr.Verdict{Kind: expr.VerdictAccept}
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeySKUID, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: make([]byte, 4)},
		accept,
	}})
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Ct{Register: 1, Key: expr.CtKeySTATE},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED),
			Xor:  make([]byte, 4),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
		accept,
	}})
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{queue()}})
	return connection.Flush()
}

// queue is xt_NFQ_info_v3 of the kernel's include/uapi/linux/netfilter/xt_NFQUEUE.h: number, how many, flags, aligned to 8.
func queue() *expr.Target {
	info := make(xt.Unknown, 8)
	binary.NativeEndian.PutUint16(info[0:], queueNumber)
	binary.NativeEndian.PutUint16(info[2:], 1)
	return &expr.Target{Name: "NFQUEUE", Rev: 3, Info: &info}
}
