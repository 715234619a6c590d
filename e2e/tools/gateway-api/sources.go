//go:build sources

// Package sources keeps the module whose files are read in go.mod; nothing of it is compiled.
package sources

import _ "sigs.k8s.io/gateway-api/apis/v1"
