// Command server serves xDS by go-control-plane. It is driven over its standard input: a JSON object a line, each answered
// by one. It stands beside our own control plane under the same conformance suite and the same benchmark.
//
//	{"set": {"<type URL>": {"<name>": "<message, base64>"}}}     serve these, and nothing else, to every node
//	{"change": {"<type URL>": {"<name>": "<message, base64>"}}}  put these over what is served
//
// The first line that it writes names the port.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"

	_ "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	cluster "github.com/envoyproxy/go-control-plane/envoy/service/cluster/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/service/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/service/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/service/route/v3"
	runtime "github.com/envoyproxy/go-control-plane/envoy/service/runtime/v3"
	secret "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/sotw/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
)

// resources are messages by type URL and name.
type resources map[string]map[string]types.Resource

type command struct {
	Set    map[string]map[string]string `json:"set"`
	Change map[string]map[string]string `json:"change"`
}

type answer struct {
	Port  int    `json:"port,omitempty"`
	Error string `json:"error,omitempty"`
}

// group is the one group that every node belongs to.
const group = "all"

type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return group }

// naming puts the control plane's name into each response, which the library leaves to its user.
var naming = server.CallbackFuncs{
	StreamResponseFunc: func(_ context.Context, _ int64, _ *discovery.DiscoveryRequest, response *discovery.DiscoveryResponse) {
		response.ControlPlane = identity
	},
	StreamDeltaResponseFunc: func(_ int64, _ *discovery.DeltaDiscoveryRequest, response *discovery.DeltaDiscoveryResponse) {
		response.ControlPlane = identity
	},
}

var identity = &core.ControlPlane{Identifier: "go-control-plane"}

// store is one of go-control-plane's caches behind what the commands need.
type store interface {
	cache() cache.Cache
	set(resources) error
	change(resources) error
}

func main() {
	kind := flag.String("cache", "snapshot", "snapshot or linear")
	flag.Parse()
	var served store
	switch *kind {
	case "snapshot":
		served = newSnapshots()
	case "linear":
		served = newLinear()
	default:
		log.Fatalf("no such cache: %s", *kind)
	}
	if err := serve(served); err != nil {
		log.Fatal(err)
	}
}

func serve(served store) error {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	service := grpc.NewServer(grpc.MaxConcurrentStreams(1_000_000))
	xds := server.NewServer(context.Background(), served.cache(), naming, sotw.WithOrderedADS())
	discovery.RegisterAggregatedDiscoveryServiceServer(service, xds)
	cluster.RegisterClusterDiscoveryServiceServer(service, xds)
	endpoint.RegisterEndpointDiscoveryServiceServer(service, xds)
	listener.RegisterListenerDiscoveryServiceServer(service, xds)
	route.RegisterRouteDiscoveryServiceServer(service, xds)
	secret.RegisterSecretDiscoveryServiceServer(service, xds)
	runtime.RegisterRuntimeDiscoveryServiceServer(service, xds)
	go func() { log.Fatal(service.Serve(socket)) }()
	output := json.NewEncoder(os.Stdout)
	if err := output.Encode(answer{Port: socket.Addr().(*net.TCPAddr).Port}); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			// Whoever drives it has gone.
			return nil
		}
		said := answer{}
		if err := obey(served, line); err != nil {
			said.Error = err.Error()
		}
		if err := output.Encode(said); err != nil {
			return err
		}
	}
}

func obey(served store, line []byte) error {
	var wanted command
	if err := json.Unmarshal(line, &wanted); err != nil {
		return err
	}
	apply, content := served.change, wanted.Change
	if wanted.Set != nil {
		apply, content = served.set, wanted.Set
	}
	decoded, err := decode(content)
	if err != nil {
		return err
	}
	return apply(decoded)
}

func decode(content map[string]map[string]string) (resources, error) {
	decoded := resources{}
	for typeURL, byName := range content {
		decoded[typeURL] = map[string]types.Resource{}
		for name, encoded := range byName {
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, fmt.Errorf("%s %q: %w", typeURL, name, err)
			}
			message, err := (&anypb.Any{TypeUrl: typeURL, Value: value}).UnmarshalNew()
			if err != nil {
				return nil, fmt.Errorf("%s %q: %w", typeURL, name, err)
			}
			decoded[typeURL][name] = message
		}
	}
	return decoded, nil
}
