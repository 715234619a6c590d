package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"google.golang.org/protobuf/proto"
)

// snapshots is the snapshot cache: a whole snapshot a change. A type gets another version only when it changed.
type snapshots struct {
	under   cache.SnapshotCache
	content resources
	groups  [types.UnknownType]cache.Resources
	version int
}

func newSnapshots() *snapshots {
	// Its mode for aggregated streams answers a State-of-the-World client only when that names all there is: it is off, and
	// costs less so. Responses are ordered by the server (WithOrderedADS).
	made := &snapshots{under: cache.NewSnapshotCache(false, oneGroup{}, nil), content: resources{}}
	for index := range made.groups {
		made.groups[index] = cache.NewResources("0", nil)
	}
	return made
}

func (s *snapshots) cache() cache.Cache { return s.under }

func (s *snapshots) set(content resources) error {
	former := s.content
	s.content = content
	for typeURL := range former {
		if content[typeURL] == nil {
			content[typeURL] = map[string]types.Resource{}
		}
	}
	var changed []string
	for typeURL, byName := range content {
		if !maps.EqualFunc(byName, former[typeURL], func(a, b types.Resource) bool { return proto.Equal(a, b) }) {
			changed = append(changed, typeURL)
		}
	}
	return s.publish(changed)
}

func (s *snapshots) change(content resources) error {
	for typeURL, byName := range content {
		if s.content[typeURL] == nil {
			s.content[typeURL] = map[string]types.Resource{}
		}
		maps.Copy(s.content[typeURL], byName)
	}
	return s.publish(slices.Collect(maps.Keys(content)))
}

func (s *snapshots) publish(changed []string) error {
	s.version++
	for _, typeURL := range changed {
		index := cache.GetResponseType(typeURL)
		if index == types.UnknownType {
			return fmt.Errorf("the snapshot cache does not know the type %s", typeURL)
		}
		items := slices.Collect(maps.Values(s.content[typeURL]))
		s.groups[index] = cache.NewResources(strconv.Itoa(s.version), items)
	}
	return s.under.SetSnapshot(context.Background(), group, &cache.Snapshot{Resources: s.groups})
}
