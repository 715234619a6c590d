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
`;
