//go:build tools

// Package containers keeps in go.mod what is built by name but with C libraries, and so not as one of its tools.
package containers

import _ "github.com/opencontainers/runc"
