// Command client is many xDS clients: each a connection with one aggregated delta stream, which asks for all clusters, then
// for the endpoints of each, and acknowledges what it is sent. It is the same load for whichever control plane is measured.
// It is driven over its standard input, a JSON object a line:
//
//	{"open": {"port": 1, "streams": 1, "services": 1}}  opens the streams; answered when each has all endpoints
//	{"expect": {"typeUrl": "", "resources": 1}}         answered at once, and again when every stream has acknowledged so many
//	{"settle": 100}                                     answered when nothing has come for so many milliseconds
//
// Messages are passed on as bytes and read field by field, so that the client costs little beside the server.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	method       = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	endpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
)

type command struct {
	Open *struct {
		Port     int `json:"port"`
		Streams  int `json:"streams"`
		Services int `json:"services"`
	} `json:"open"`
	Expect *struct {
		TypeURL   string `json:"typeUrl"`
		Resources int    `json:"resources"`
	} `json:"expect"`
	Settle int `json:"settle"`
}

// answer says when the last stream had acknowledged, and what all streams were sent since they were told to expect it.
type answer struct {
	UnixMicros int64 `json:"unixMicros"`
	Bytes      int64 `json:"bytes"`
}

// awaited is what every stream is to be sent; left counts the streams that were not yet.
type awaited struct {
	typeURL   string
	resources int
	left      atomic.Int64
	done      chan time.Time
}

// load is all streams together.
type load struct {
	streams  []*stream
	awaited  atomic.Pointer[awaited]
	received atomic.Int64
	last     atomic.Int64
}

type stream struct {
	load *load
	call grpc.ClientStream
	// endpoints is the request for all endpoints, sent once the clusters have come.
	endpoints []byte
	// of is what arrived counts towards.
	of      *awaited
	arrived int
}

func main() {
	output := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	all := &load{}
	for lines.Scan() {
		var wanted command
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			log.Fatal(err)
		}
		switch {
		case wanted.Open != nil:
			told := all.expect(endpointType, wanted.Open.Services, wanted.Open.Streams)
			if err := all.open(wanted.Open.Port, wanted.Open.Streams, wanted.Open.Services); err != nil {
				log.Fatal(err)
			}
			all.say(output, <-told.done)
		case wanted.Expect != nil:
			told := all.expect(wanted.Expect.TypeURL, wanted.Expect.Resources, len(all.streams))
			all.say(output, time.Now())
			all.say(output, <-told.done)
		default:
			all.settle(time.Duration(wanted.Settle) * time.Millisecond)
			all.say(output, time.Now())
		}
	}
}

func (l *load) say(output *json.Encoder, at time.Time) {
	if err := output.Encode(answer{UnixMicros: at.UnixMicro(), Bytes: l.received.Load()}); err != nil {
		log.Fatal(err)
	}
}

func (l *load) expect(typeURL string, resources, streams int) *awaited {
	told := &awaited{typeURL: typeURL, resources: resources, done: make(chan time.Time, 1)}
	told.left.Store(int64(streams))
	l.received.Store(0)
	l.awaited.Store(told)
	return told
}

// settle returns when nothing has come for a while.
func (l *load) settle(quiet time.Duration) {
	for {
		since := time.Since(time.UnixMicro(l.last.Load()))
		if since >= quiet {
			return
		}
		time.Sleep(quiet - since)
	}
}

// open opens a few streams at a time: a listen queue holds only so many.
func (l *load) open(port, streams, services int) error {
	endpoints := request(endpointType)
	for at := range services {
		endpoints = appendText(endpoints, 3, fmt.Sprintf("outbound-%d.default.svc.cluster.local", at))
	}
	places := make(chan struct{}, 64)
	failures := make(chan error, streams)
	var opened sync.WaitGroup
	l.streams = make([]*stream, streams)
	for at := range streams {
		opened.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			each, err := l.dial(port, at, endpoints)
			if err != nil {
				failures <- err
				return
			}
			l.streams[at] = each
			go each.run()
		})
	}
	opened.Wait()
	close(failures)
	return <-failures
}

func (l *load) dial(port, at int, endpoints []byte) (*stream, error) {
	connection, err := grpc.NewClient(
		fmt.Sprintf("passthrough:///127.0.0.1:%d", port),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asBytes{}), grpc.MaxCallRecvMsgSize(1<<30)),
		grpc.WithReadBufferSize(4096),
		grpc.WithSharedWriteBuffer(true),
	)
	if err != nil {
		return nil, err
	}
	description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	call, err := connection.NewStream(context.Background(), description, method)
	if err != nil {
		return nil, err
	}
	node := protowire.AppendTag(nil, 1, protowire.BytesType)
	node = protowire.AppendBytes(node, appendText(appendText(nil, 1, fmt.Sprintf("node-%d", at)), 2, "bench"))
	if err := call.SendMsg(appendText(append(node, request(clusterType)...), 3, "*")); err != nil {
		return nil, err
	}
	return &stream{load: l, call: call, endpoints: endpoints}, nil
}

func (s *stream) run() {
	for {
		var message []byte
		if err := s.call.RecvMsg(&message); err != nil {
			log.Fatal(err)
		}
		typeURL, nonce, resources := read(message)
		if err := s.call.SendMsg(appendText(request(typeURL), 6, nonce)); err != nil {
			log.Fatal(err)
		}
		if typeURL == clusterType && s.endpoints != nil {
			if err := s.call.SendMsg(s.endpoints); err != nil {
				log.Fatal(err)
			}
			s.endpoints = nil
		}
		s.acknowledged(typeURL, resources, len(message))
	}
}

func (s *stream) acknowledged(typeURL string, resources, bytes int) {
	now := time.Now()
	s.load.last.Store(now.UnixMicro())
	s.load.received.Add(int64(bytes))
	told := s.load.awaited.Load()
	if told != s.of {
		s.of, s.arrived = told, 0
	}
	if told == nil || typeURL != told.typeURL {
		return
	}
	before := s.arrived
	s.arrived += resources
	if before < told.resources && s.arrived >= told.resources && told.left.Add(-1) == 0 {
		told.done <- now
	}
}

// request begins a DeltaDiscoveryRequest.
func request(typeURL string) []byte { return appendText(nil, 2, typeURL) }

func appendText(to []byte, number protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, number, protowire.BytesType), text)
}

// read reads a DeltaDiscoveryResponse: its type, its nonce, and how many resources it holds.
func read(message []byte) (typeURL, nonce string, resources int) {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 || kind != protowire.BytesType {
			log.Fatal("this is no DeltaDiscoveryResponse")
		}
		content, size := protowire.ConsumeBytes(message[length:])
		if size < 0 {
			log.Fatal("this DeltaDiscoveryResponse is cut short")
		}
		message = message[length+size:]
		switch number {
		case 2:
			resources++
		case 4:
			typeURL = string(content)
		case 5:
			nonce = string(content)
		}
	}
	return typeURL, nonce, resources
}

// asBytes is a codec that leaves messages as they are.
type asBytes struct{}

func (asBytes) Name() string { return "proto" }

func (asBytes) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (asBytes) Unmarshal(data mem.BufferSlice, into any) error {
	*into.(*[]byte) = data.Materialize()
	return nil
}
