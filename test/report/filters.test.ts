import test from "ava";
import { absenceCommands, conversationCommands } from "../../src/report/explain/filters.ts";
import type { RuleHostRow } from "../../src/report/result.ts";
import { capture, conversation, rule } from "./sample.ts";

const host = (text: string, realm = "default"): RuleHostRow => ({ realm, host: text, status: "missing", reason: "" });

test("of a rule that is missing: what its hosts did over its ports", (t) => {
  const of = (hosts: RuleHostRow[], transport: string, ports: string) =>
    absenceCommands([capture({ path: "a.pcap" })], rule({ hosts, transport, ports })).join();
  t.is(of([host("10.0.0.5")], "tcp", "443"), "tshark -r a.pcap -Y 'ip.addr == 10.0.0.5 && tcp.port in {443}'");
  t.is(
    of([host("10.0.0.0/8"), host("fd00::5")], "udp", "123,30000-30001"),
    "tshark -r a.pcap -Y '(ip.addr == 10.0.0.0/8 || ipv6.addr == fd00::5) && udp.port in {123, 30000..30001}'",
  );
  t.is(of([host("10.0.0.5")], "tcp,udp", "53"), "tshark -r a.pcap -Y 'ip.addr == 10.0.0.5'", "several transports");
  t.is(of([host("gateway.example.com")], "tcp", "443"), "", "a name is no address");
});

test("what folds into a conversation is shown with it", (t) => {
  const fields = { channels: ["tcp 10.20.0.5:40001 203.0.113.9:20", "udp [2001:db8::1]:7 [2001:db8::2]:9"] };
  const [command] = conversationCommands([capture({ path: "a.pcap" })], conversation({ fields }));
  t.is(
    command,
    "tshark -r a.pcap -Y '((ip.addr == 10.20.0.5 && ip.addr == 203.0.113.9 && tcp.port == 443)" +
      " || (ip.addr == 10.20.0.5 && ip.addr == 203.0.113.9 && tcp.port == 40001 && tcp.port == 20)" +
      " || (ipv6.addr == 2001:db8::1 && ipv6.addr == 2001:db8::2 && udp.port == 7 && udp.port == 9))'",
  );
});

const part = (realm: string, vlan: number) => ({
  realm,
  vlans: [[vlan, vlan + 1] as const],
  untagged: false,
  vnis: [],
});

test("of a realm that is a part of a capture: what its tags and identifiers let through", (t) => {
  const parts = [part("a", 10), { ...part("b", 20), untagged: true, vnis: [[5000, 5000] as const] }];
  const of = (realm: string) =>
    conversationCommands([capture({ path: "a.pcap", parts })], conversation({ realm }))
      .join()
      .replace(/^.* -Y /, "");
  const ends = "ip.addr == 10.20.0.5 && ip.addr == 203.0.113.9 && tcp.port == 443";
  t.is(of("a"), `'${ends} && vlan.id in {10..11}'`);
  t.is(of("b"), `'${ends} && (vlan.id in {20..21} || !vlan || vxlan.vni == 5000 || geneve.vni == 5000)'`);
  t.regex(of("default"), /&& !\(vlan\.id in \{10\.\.11\} \|\| vlan\.id in/);
  t.is(of("c"), "", "of nothing in this capture");
  const missing = rule({ hosts: [host("10.0.0.5", "a")], transport: "tcp", ports: "443" });
  t.regex(absenceCommands([capture({ parts })], missing)[0]!, /443\} && vlan\.id in \{10\.\.11\}'$/);
});

test("only captures of the hosts' own realm", (t) => {
  const captures = [capture({ path: "a.pcap", realm: "a" }), capture({ path: "b.pcap", realm: "b" })];
  const commands = absenceCommands(captures, rule({ hosts: [host("10.0.0.5", "b")], transport: "tcp", ports: "443" }));
  t.is(commands.length, 1);
  t.regex(commands[0]!, /b\.pcap/);
});
