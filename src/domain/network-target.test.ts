import { expect, test } from "vitest";
import { entryFault, insideFault, judgeTarget } from "./network-target.ts";

const list = ["example.org", "*.wild.example", "port.example:8443"];

test.each(["example.org:443", "EXAMPLE.org:443", "a.wild.example:443", "a.b.wild.example:443", "port.example:8443"])(
  "%s may be reached",
  (asked) => expect(judgeTarget(asked, list)).toMatchObject({ ok: true }),
);

test.each([
  ["another host", "example.com:443"],
  ["another port", "example.org:80"],
  ["another port than the entry's", "port.example:443"],
  ["no port", "example.org"],
  ["a host that ends alike", "notexample.org:443"],
  ["the list's host as a subdomain of another", "example.org.evil.example:443"],
  ["the host of a wildcard itself", "wild.example:443"],
  ["a NUL", "example.org\0.evil.example:443"],
  ["a dot at the end", "example.org.:443"],
  ["a name in other letters", "ex\u0430mple.org:443"],
  ["the same, in its ASCII form", "xn--exmple-4nf.wild.example:443"],
  ["full-width letters", "\uff45xample.org:443"],
  ["an address", "192.0.2.1:443"],
  ["an address as one number", "2130706433:443"],
  ["an address in octal digits", "0177.0.0.1:443"],
  ["an address in hexadecimal digits", "0x7f.0.0.1:443"],
  ["a short address", "127.1:443"],
  ["an IPv6 address", "[::1]:443"],
  ["an IPv4 address in IPv6", "[::ffff:127.0.0.1]:443"],
  ["a user before the host", "example.org@evil.example:443"],
  ["a path", "example.org/x:443"],
  ["a space", "example.org :443"],
  ["an empty label", "a..wild.example:443"],
  ["a label that ends with a dash", "a-.wild.example:443"],
  ["an underscore", "_a.wild.example:443"],
  ["a name without end", `${"a.".repeat(200)}wild.example:443`],
  ["port 0", "example.org:0"],
  ["a port that is none", "example.org:65979"],
  ["nothing", ""],
])("%s is refused", (_what, asked) => expect(judgeTarget(asked, list)).toMatchObject({ ok: false }));

test("an empty list lets nothing out", () => expect(judgeTarget("example.org:443", [])).toMatchObject({ ok: false }));

test.each(["example.org", "*.example.org", "example.org:8443", "xn--bcher-kva.example"])(
  "%s can stand on a list",
  (entry) => expect(entryFault(entry)).toBeNull(),
);

test.each([
  "",
  "*",
  "*.org*",
  "https://example.org",
  "192.0.2.1",
  "localhost",
  "Example.org",
  "example.org.",
  "a b",
  "example.org:0",
  "example.org:99999",
  "*.*.example",
])("%j cannot", (entry) => expect(entryFault(entry)).toEqual(expect.any(String)));

test.each([
  "10.0.0.0/8",
  "10.20.0.0/16",
  "172.16.0.0/12",
  "172.31.255.1/32",
  "192.168.4.0/24",
  "100.64.0.0/10",
  "fc00::/7",
  "fd12:3456::/32",
])("%s is a range of a private network", (range) => expect(insideFault(range)).toBeNull());

test.each([
  "0.0.0.0/0",
  "8.0.0.0/5",
  "10.0.0.0/7",
  "172.32.0.0/16",
  "172.0.0.0/8",
  "192.168.0.0/15",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "203.0.113.0/24",
  "::/0",
  "fc00::/6",
  "fe80::/10",
  "::1/128",
  "2001:db8::/32",
])("%s is none", (range) => expect(insideFault(range)).toMatch(/10\.20\.0\.0\/16/));
