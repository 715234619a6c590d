package main

import (
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"google.golang.org/protobuf/proto"
)

// linear is a linear cache for each type, behind a mux: a resource a change.
type linear struct {
	mux    *cache.MuxCache
	byType map[string]*cache.LinearCache
}

// typeURLs are in the order in which changes are made.
var typeURLs = []string{
	"type.googleapis.com/envoy.config.cluster.v3.Cluster",
	"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
	"type.googleapis.com/envoy.config.listener.v3.Listener",
	"type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
	"type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
	"type.googleapis.com/envoy.service.runtime.v3.Runtime",
}

func newLinear() *linear {
	made := &linear{byType: map[string]*cache.LinearCache{}}
	made.mux = &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        map[string]cache.Cache{},
	}
	for _, typeURL := range typeURLs {
		made.byType[typeURL] = cache.NewLinearCache(typeURL)
		made.mux.Caches[typeURL] = made.byType[typeURL]
	}
	return made
}

func (l *linear) cache() cache.Cache { return l.mux }

// set puts what differs, type by type, and then removes what is gone: SetResources would call all changed.
func (l *linear) set(content resources) error {
	gone := map[string][]string{}
	differing := resources{}
	for typeURL, under := range l.byType {
		former := under.GetResources()
		for name := range former {
			if content[typeURL][name] == nil {
				gone[typeURL] = append(gone[typeURL], name)
			}
		}
		differing[typeURL] = map[string]types.Resource{}
		for name, message := range content[typeURL] {
			if !proto.Equal(message, former[name]) {
				differing[typeURL][name] = message
			}
		}
	}
	if err := l.change(differing); err != nil {
		return err
	}
	for _, typeURL := range typeURLs {
		if len(gone[typeURL]) == 0 {
			continue
		}
		if err := l.byType[typeURL].UpdateResources(nil, gone[typeURL]); err != nil {
			return err
		}
	}
	return nil
}

func (l *linear) change(content resources) error {
	for _, typeURL := range typeURLs {
		if len(content[typeURL]) == 0 {
			continue
		}
		if err := l.byType[typeURL].UpdateResources(content[typeURL], nil); err != nil {
			return err
		}
	}
	return nil
}
