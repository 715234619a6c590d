import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * A range of v4 as NAT64 reaches it by its well-known prefix (RFC 6052), written as Kubernetes writes it (RFC 5952):
 * 10.0.0.0/8 is 64:ff9b::a00:0/104. The rest of that prefix is the internet of v4, which a cluster of v6 alone reaches so.
 */
export function throughNat64(range: string): string {
  const [network = "", bits] = range.split("/");
  const [a = 0, b = 0, c = 0, d = 0] = network.split(".").map(Number);
  const [high, low] = [a * 256 + b, c * 256 + d];
  const words = [...(high === 0 ? [] : [high]), ...(high === 0 && low === 0 ? [] : [low])];
  return `64:ff9b::${words.map((word) => word.toString(16)).join(":")}/${96 + Number(bits)}`;
}

const V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
] as const;

/**
 * Ranges of addresses that are of no use on the internet: private, loopback, link-local (the metadata services of clouds),
 * documentation, multicast. From IANA's special-purpose address registries (RFC 6890).
 */
export const SPECIAL_ADDRESSES: { readonly v4: readonly string[]; readonly v6: readonly string[] } = {
  v4: V4,
  v6: [
    "::/96",
    ...V4.map(throughNat64),
    "64:ff9b:1::/48",
    "100::/64",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
  ],
};

/** A list for each family: in one, Node takes a v4 address for the v6 one that it is mapped to. */
const special = { v4: listOf("ipv4", SPECIAL_ADDRESSES.v4), v6: listOf("ipv6", SPECIAL_ADDRESSES.v6) } as const;

function listOf(family: "ipv4" | "ipv6", ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits] = range.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

/** Whether a host is written as an address, and that is of no use on the internet. */
export function isSpecialAddress(host: string): boolean {
  if (isIPv4(host)) return special.v4.check(host, "ipv4");
  // The second: an address of v4 that is written as one of v6, ::ffff:10.0.0.1.
  return isIPv6(host) && (special.v6.check(host, "ipv6") || special.v4.check(host, "ipv6"));
}
