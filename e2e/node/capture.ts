import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../harness/eventually.ts";
import type { NodeHandle } from "./handle.ts";

/** One direction of a TCP connection, as it passed a node. */
export interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  /** Of payload, each once. */
  readonly bytes: number;
  /** Names of what was looked for and was in it, in clear. */
  readonly found: readonly string[];
}

/** How long a capture may last, milliseconds. */
const LONGEST_MS = 120_000;

/**
 * Listens on all interfaces of the network that it is in (packet(7)) until a file is there, puts the segments of each flow
 * together, and looks for what it was told to in them. A packet that passes several interfaces counts once.
 */
const PROGRAM = `
import json, os, select, socket, struct, sys
wanted = json.load(sys.stdin)
ready, stop = sys.argv[1:3]
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
link.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
link.setblocking(False)
open(ready, "w").close()
flows = {}
while not os.path.exists(stop):
    if not select.select([link], [], [], 0.1)[0]:
        continue
    while True:
        try:
            packet, address = link.recvfrom(1 << 17)
        except BlockingIOError:
            break
        if address[1] != 0x0800 or packet[0] >> 4 != 4 or packet[9] != 6:
            continue
        head = (packet[0] & 15) * 4
        source_port, target_port, sequence = struct.unpack("!HHI", packet[head : head + 8])
        payload = packet[head + (packet[head + 12] >> 4) * 4 : struct.unpack("!H", packet[2:4])[0]]
        if payload:
            flow = (socket.inet_ntoa(packet[12:16]), source_port, socket.inet_ntoa(packet[16:20]), target_port)
            flows.setdefault(flow, {})[sequence] = payload
dropped = struct.unpack("II", link.getsockopt(263, 6, 8))[1]  # PACKET_STATISTICS
said = []
for (source, source_port, target, target_port), segments in flows.items():
    text = b"".join(segments[each] for each in sorted(segments))
    found = [name for name, value in wanted.items() if value.encode() in text]
    said.append(
        dict(source=source, sourcePort=source_port, target=target, targetPort=target_port, bytes=len(text), found=found)
    )
json.dump(dict(dropped=dropped, flows=said), sys.stdout)
`;

/**
 * All that passes a node in TCP while something is done, pods' and its own.
 *
 * @param wanted what is looked for, by name; the values are shown nowhere
 * @throws Error where packets were missed
 */
export async function captureWhile(
  node: NodeHandle,
  wanted: Readonly<Record<string, string>>,
  work: () => Promise<unknown>,
): Promise<readonly Flow[]> {
  const folder = mkdtempSync(join(tmpdir(), "capture-"));
  const [ready, stop] = [join(folder, "ready"), join(folder, "stop")];
  try {
    const options = { input: wanted, withinMs: LONGEST_MS };
    const listening = node.atNode("python3", ["-c", PROGRAM, ready, stop], options);
    try {
      await eventually("the capture to listen", async () => existsSync(ready));
      await work();
    } finally {
      writeFileSync(stop, "");
    }
    const { ok, text } = await listening;
    if (!ok) throw new Error(`the capture failed: ${text}`);
    const { dropped, flows } = JSON.parse(text) as { readonly dropped: number; readonly flows: readonly Flow[] };
    if (dropped > 0) throw new Error(`${dropped} packets were missed`);
    return flows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
