/** The registry: one line a protocol, sorted by id. */
import type { Decoder } from "../src/decode/decoder.ts";
import { bacnet } from "./bacnet.ts";
import { dhcp } from "./dhcp.ts";
import { dhcpv6 } from "./dhcpv6.ts";
import { dns } from "./dns.ts";
import { dtls } from "./dtls.ts";
import { enip } from "./enip.ts";
import { http } from "./http.ts";
import { http2 } from "./http2.ts";
import { ike } from "./ike.ts";
import { kerberos } from "./kerberos.ts";
import { llmnr } from "./llmnr.ts";
import { mdns } from "./mdns.ts";
import { modbus } from "./modbus.ts";
import { netbiosNs } from "./netbios-ns.ts";
import { ntp } from "./ntp.ts";
import { openvpn } from "./openvpn.ts";
import { profinetCm } from "./profinet-cm.ts";
import { profinetDcp } from "./profinet-dcp.ts";
import { quic } from "./quic.ts";
import { radius } from "./radius.ts";
import { rtcp } from "./rtcp.ts";
import { rtp } from "./rtp.ts";
import { s7comm } from "./s7comm.ts";
import { sip } from "./sip.ts";
import { snmp } from "./snmp.ts";
import { ssdp } from "./ssdp.ts";
import { stun } from "./stun.ts";
import { syslog } from "./syslog.ts";
import { tftp } from "./tftp.ts";
import { tls } from "./tls.ts";
import { websocket } from "./websocket.ts";
import { wireguard } from "./wireguard.ts";

export const DECODERS: readonly Decoder[] = [
  bacnet,
  dhcp,
  dhcpv6,
  dns,
  dtls,
  enip,
  http,
  http2,
  ike,
  kerberos,
  llmnr,
  mdns,
  modbus,
  netbiosNs,
  ntp,
  openvpn,
  profinetCm,
  profinetDcp,
  quic,
  radius,
  rtcp,
  rtp,
  s7comm,
  sip,
  snmp,
  ssdp,
  stun,
  syslog,
  tftp,
  tls,
  websocket,
  wireguard,
];
