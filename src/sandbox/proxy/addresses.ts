/** Which addresses belong to the public internet. Pure. What is not known to do so, does not. */
import { BlockList, isIP } from "node:net";

/** IANA's special-purpose registries, without what is reachable from everywhere. */
const inner4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Within 2000::/3, which is all that is given out: what leads elsewhere, or to an IPv4 address in disguise. */
const inner6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const inside = new BlockList();
const unicast = new BlockList();
for (const range of inner4) addRange(inside, range, "ipv4");
for (const range of inner6) addRange(inside, range, "ipv6");
addRange(unicast, "2000::/3", "ipv6");

function addRange(list: BlockList, range: string, family: "ipv4" | "ipv6"): void {
  const [network = "", bits] = range.split("/");
  list.addSubnet(network, Number(bits), family);
}

/** `address`: as a resolver answers it. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !inside.check(address, "ipv4");
    case 6:
      return unicast.check(address, "ipv6") && !inside.check(address, "ipv6");
    default:
      return false;
  }
}
