// What ends an Envoy in peace, for its pod to run before it stops.
module nephele.dev/e2e/tools/envoy-drain

go 1.26.6
