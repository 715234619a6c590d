import { conditions, type Parts, tables } from "./report.ts";

/** docs/bench-xds.md. */
export function page(parts: Parts, nodeFlags: readonly string[]): string {
  const { streams, services } = parts.streams;
  return `# The xDS server against go-control-plane

Written by \`make bench-xds\`. Medians of interleaved runs (first A, B, C, next C, B, A), with the clients on the same machine:
one program for all sides. The ratio is ours over the better of go-control-plane's two caches, row by row.

The first table: ${streams.toLocaleString("en")} aggregated delta streams, each on a connection of its own, ${services} services (a cluster and its endpoints
each), and every stream is subscribed to all of them. The second: 50 such streams, more and more services, one endpoint changing.

${tables(parts)}

${conditions(parts)}

Fewer than five runs a side are a first look, not a measurement: those rows show an order of magnitude.
A load average far above the number of cores says that other programs took part of the machine: then milliseconds are the
machine's more than the programs', and CPU, memory and bytes are what to read.

## What is measured

- CPU of a change: of the control plane alone, user and system, all threads (/proc/pid/stat), from before the first of a
  row's changes until nothing has come to any stream for 150 ms after the last, divided by the changes. It includes making
  the resources out of what the program is given, and all answers of the clients.
- Until the last acknowledgement: from telling the control plane of the change to the moment at which the last stream has
  acknowledged it. Quantiles are of all changes of all runs. Between changes nothing happens for 150 ms, so our debounce
  (2 ms after a quiet time) merges none of them and counts in full.
- First sync: from the first connection until every stream has acknowledged the endpoints of every service.
- Three changes of each kind go before what is counted. Each run starts the control plane anew.

## Both at their best

go-control-plane v0.14.0 (\`e2e/tools/go-control-plane\`): the snapshot cache without its mode for aggregated streams, which
orders more and costs more; a type's version changes only with its content; the linear cache is told of the changed names
only; Go's defaults for GOMAXPROCS and GOGC. It takes messages as protobuf, ours as protobuf's JSON form, checked. Ours is the
library as it is published, with its defaults, on one thread; Node runs with \`${nodeFlags.join(" ")}\`, as the operator does.

${why}`;
}

const why = `## Where it falls short, and why

What processor time goes to, by \`perf record\` of the server under the first table's load (see bench/README.md), in percent:

|                                                                   | one endpoint | one cluster |
| ----------------------------------------------------------------- | ------------ | ----------- |
| the kernel: TCP over loopback                                     | 33 | 35 |
| Node's HTTP/2 (nghttp2 and its binding), libuv, malloc            | 17 | 20 |
| V8's collections of garbage                                       | 12 | 10 |
| V8 itself (builtins, inline caches, what compiles)                | 26 | 17 |
| JavaScript of Node and grpc-js                                    | 9 | 10 |
| our JavaScript, protobufjs' too                                                    | 3 | 6 |

- **One cluster.** We send each stream two responses, the cluster and its endpoints anew, and hear two acknowledgements;
  go-control-plane sends one. Envoy warms a changed cluster until it is sent its endpoints, or gives up after its time-out
  (obligation 11, which go-control-plane misses: [xds-conformance.md](xds-conformance.md)). By \`perf stat\` the second response is
  a system call more for each stream (two writev, one write, one read; the write answers a ping by which the client's gRPC measures
  its bandwidth). Two thirds of the time go to the kernel, HTTP/2 and the collection of what they allocate, 6 % to code of ours: the goal is not
  reached by saving in that. The two could share a write if grpc-js did not wait for one before it begins the next; going past it was not tried.
- **Time until the last acknowledgement.** A push told 64 streams at a time, and then took in what they had acknowledged: the last
  stream waited for the acknowledgements of most others. Told for 50 ms before others get their turn, the last one of a thousand streams
  is told of one endpoint in two thirds of the time (256 at a time: a sixth less; all at once: the same as 50 ms), in single runs of our side.
- **Flat cost.** What grew with the services was the measurement: among 10,000 services only four changes were counted, right after a
  first sync of half a million names, with a clock that ticks every 10 ms. With twenty, as for the other rows, it is flat. No collection of
  garbage of more than 2 ms falls into the changes (PerformanceObserver, entries \`gc\`).
- **Memory at rest.** Node with the library takes some 90 MiB before the first stream, Go 18.

Tried before: what streams are alike in is shared, the bytes joined once, streams that owe nothing not looked at
([0024](adr/0024-shared-among-streams.md)): 200 endpoints from 340 to 160 CPU ms, the first sync from 1.8 to 1.0 CPU s. The published
JavaScript instead of types stripped at the start: 30 MiB less. Semi-spaces of 4, 16 and 32 MiB: 206, 288 and 279 MiB at the
highest, with no difference in processor time beyond the noise (one run each). Not tried: writing frames below grpc-js, and threads.
`;
