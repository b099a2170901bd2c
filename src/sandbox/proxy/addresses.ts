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

const isInner = inRanges([...inner4, ...inner6]);
const isUnicast = inRanges(["2000::/3"]);

/** `address`: as a resolver answers it. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !isInner(address);
    case 6:
      return isUnicast(address) && !isInner(address);
    default:
      return false;
  }
}

/** Whether an address is in one of the ranges. What is no address is in none, nor is one of IPv4 that is written as one of IPv6. */
export function inRanges(ranges: readonly string[]): (address: string) => boolean {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const range of ranges) {
    const [network = "", bits] = range.split("/");
    if (isIP(network) === 6) lists[6].addSubnet(network, Number(bits), "ipv6");
    else lists[4].addSubnet(network, Number(bits), "ipv4");
  }
  return (address) => {
    const version = isIP(address);
    if (version === 4) return lists[4].check(address, "ipv4");
    return version === 6 && lists[6].check(address, "ipv6");
  };
}
