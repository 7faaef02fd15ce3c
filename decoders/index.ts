/** The registry: one line a protocol, sorted by id. */
import type { Decoder } from "../src/decode/decoder.ts";
import { bacnet } from "./bacnet.ts";
import { dhcp } from "./dhcp.ts";
import { dhcpv6 } from "./dhcpv6.ts";
import { dns } from "./dns.ts";
import { dtls } from "./dtls.ts";
import { enip } from "./enip.ts";
import { ftp } from "./ftp.ts";
import { ftpData } from "./ftp-data.ts";
import { http } from "./http.ts";
import { http2 } from "./http2.ts";
import { ike } from "./ike.ts";
import { imap } from "./imap.ts";
import { kerberos } from "./kerberos.ts";
import { ldap } from "./ldap.ts";
import { llmnr } from "./llmnr.ts";
import { mdns } from "./mdns.ts";
import { modbus } from "./modbus.ts";
import { netbiosNs } from "./netbios-ns.ts";
import { ntp } from "./ntp.ts";
import { openvpn } from "./openvpn.ts";
import { pop3 } from "./pop3.ts";
import { postgresql } from "./postgresql.ts";
import { profinetCm } from "./profinet-cm.ts";
import { profinetDcp } from "./profinet-dcp.ts";
import { quic } from "./quic.ts";
import { radius } from "./radius.ts";
import { rtcp } from "./rtcp.ts";
import { rtp } from "./rtp.ts";
import { s7comm } from "./s7comm.ts";
import { sip } from "./sip.ts";
import { smtp } from "./smtp.ts";
import { snmp } from "./snmp.ts";
import { ssdp } from "./ssdp.ts";
import { stun } from "./stun.ts";
import { syslog } from "./syslog.ts";
import { tftp } from "./tftp.ts";
import { tls } from "./tls.ts";
import { websocket } from "./websocket.ts";
import { wireguard } from "./wireguard.ts";
import { xmpp } from "./xmpp.ts";

export const DECODERS: readonly Decoder[] = [
  bacnet,
  dhcp,
  dhcpv6,
  dns,
  dtls,
  enip,
  ftp,
  ftpData,
  http,
  http2,
  ike,
  imap,
  kerberos,
  ldap,
  llmnr,
  mdns,
  modbus,
  netbiosNs,
  ntp,
  openvpn,
  pop3,
  postgresql,
  profinetCm,
  profinetDcp,
  quic,
  radius,
  rtcp,
  rtp,
  s7comm,
  sip,
  smtp,
  snmp,
  ssdp,
  stun,
  syslog,
  tftp,
  tls,
  websocket,
  wireguard,
  xmpp,
];
