// Command server serves xDS by go-control-plane, as it is driven over its standard input: a JSON object a line, each
// answered by one. It stands beside our own control plane under the same conformance suite and the same benchmark.
//
//	{"set": {"<type URL>": {"<name>": "<message, base64>"}}}     serve these, and nothing else, to every node
//	{"change": {"<type URL>": {"<name>": "<message, base64>"}}}  put these over what is served
//	{"usage": true}                                              CPU and memory of this process
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
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

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
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
)

// resources are messages by type URL and name.
type resources map[string]map[string]types.Resource

type command struct {
	Set    map[string]map[string]string `json:"set"`
	Change map[string]map[string]string `json:"change"`
	Usage  bool                         `json:"usage"`
}

type answer struct {
	Error         string `json:"error,omitempty"`
	CPUMicros     int64  `json:"cpuMicros,omitempty"`
	ResidentBytes int64  `json:"residentBytes,omitempty"`
	PeakBytes     int64  `json:"peakBytes,omitempty"`
}

// group is the one group that every node belongs to.
const group = "all"

type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return group }

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
		served = &snapshots{under: cache.NewSnapshotCache(true, oneGroup{}, nil), content: resources{}}
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
	xds := server.NewServer(context.Background(), served.cache(), nil)
	discovery.RegisterAggregatedDiscoveryServiceServer(service, xds)
	cluster.RegisterClusterDiscoveryServiceServer(service, xds)
	endpoint.RegisterEndpointDiscoveryServiceServer(service, xds)
	listener.RegisterListenerDiscoveryServiceServer(service, xds)
	route.RegisterRouteDiscoveryServiceServer(service, xds)
	secret.RegisterSecretDiscoveryServiceServer(service, xds)
	runtime.RegisterRuntimeDiscoveryServiceServer(service, xds)
	go func() { log.Fatal(service.Serve(socket)) }()
	fmt.Printf("{\"port\":%d}\n", socket.Addr().(*net.TCPAddr).Port)

	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil
		}
		output, err := json.Marshal(obey(served, line))
		if err != nil {
			return err
		}
		fmt.Println(string(output))
	}
}

func obey(served store, line []byte) answer {
	var wanted command
	if err := json.Unmarshal(line, &wanted); err != nil {
		return answer{Error: err.Error()}
	}
	if wanted.Usage {
		return usage()
	}
	apply, content := served.change, wanted.Change
	if wanted.Set != nil {
		apply, content = served.set, wanted.Set
	}
	decoded, err := decode(content)
	if err == nil {
		err = apply(decoded)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{}
}

func decode(content map[string]map[string]string) (resources, error) {
	decoded := resources{}
	for typeURL, byName := range content {
		decoded[typeURL] = map[string]types.Resource{}
		for name, encoded := range byName {
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, err
			}
			message, err := (&anypb.Any{TypeUrl: typeURL, Value: value}).UnmarshalNew()
			if err != nil {
				return nil, err
			}
			decoded[typeURL][name] = message
		}
	}
	return decoded, nil
}

// snapshots is the snapshot cache: a whole snapshot a change.
type snapshots struct {
	under   cache.SnapshotCache
	content resources
	version int
}

func (s *snapshots) cache() cache.Cache { return s.under }

func (s *snapshots) set(content resources) error {
	s.content = content
	return s.publish()
}

func (s *snapshots) change(content resources) error {
	for typeURL, byName := range content {
		if s.content[typeURL] == nil {
			s.content[typeURL] = map[string]types.Resource{}
		}
		maps.Copy(s.content[typeURL], byName)
	}
	return s.publish()
}

func (s *snapshots) publish() error {
	s.version++
	lists := map[string][]types.Resource{}
	for typeURL, byName := range s.content {
		for _, message := range byName {
			lists[typeURL] = append(lists[typeURL], message)
		}
	}
	snapshot, err := cache.NewSnapshot(strconv.Itoa(s.version), lists)
	if err != nil {
		return err
	}
	return s.under.SetSnapshot(context.Background(), group, snapshot)
}

// linear is a linear cache for each type: a resource a change.
type linear struct {
	mux    *cache.MuxCache
	byType map[string]*cache.LinearCache
}

func newLinear() *linear {
	made := &linear{byType: map[string]*cache.LinearCache{}}
	made.mux = &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        map[string]cache.Cache{},
	}
	for _, name := range []string{
		"envoy.config.cluster.v3.Cluster",
		"envoy.config.endpoint.v3.ClusterLoadAssignment",
		"envoy.config.listener.v3.Listener",
		"envoy.config.route.v3.RouteConfiguration",
		"envoy.extensions.transport_sockets.tls.v3.Secret",
		"envoy.service.runtime.v3.Runtime",
	} {
		typeURL := "type.googleapis.com/" + name
		made.byType[typeURL] = cache.NewLinearCache(typeURL)
		made.mux.Caches[typeURL] = made.byType[typeURL]
	}
	return made
}

func (l *linear) cache() cache.Cache { return l.mux }

func (l *linear) set(content resources) error {
	for typeURL, under := range l.byType {
		under.SetResources(content[typeURL])
	}
	return nil
}

func (l *linear) change(content resources) error {
	for typeURL, byName := range content {
		if err := l.byType[typeURL].UpdateResources(byName, nil); err != nil {
			return err
		}
	}
	return nil
}

func usage() answer {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return answer{Error: err.Error()}
	}
	micros := func(of syscall.Timeval) int64 { return of.Sec*1_000_000 + of.Usec }
	return answer{
		CPUMicros:     micros(used.Utime) + micros(used.Stime),
		ResidentBytes: memory("VmRSS:"),
		PeakBytes:     memory("VmHWM:"),
	}
}

// memory reads a line of /proc/self/status, which counts kibibytes.
func memory(field string) int64 {
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		if rest, found := strings.CutPrefix(line, field); found {
			kibibytes, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kibibytes * 1024
		}
	}
	return 0
}
