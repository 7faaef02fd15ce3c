/** The registry: one line a protocol, sorted by id. */
import type { Decoder } from "../src/decode/decoder.ts";
import { amqp } from "./amqp.ts";
import { bacnet } from "./bacnet.ts";
import { codesys } from "./codesys.ts";
import { dcerpc } from "./dcerpc.ts";
import { dhcp } from "./dhcp.ts";
import { dhcpv6 } from "./dhcpv6.ts";
import { dnp3 } from "./dnp3.ts";
import { dns } from "./dns.ts";
import { dtls } from "./dtls.ts";
import { enip } from "./enip.ts";
import { fins } from "./fins.ts";
import { ftp } from "./ftp.ts";
import { ftpData } from "./ftp-data.ts";
import { geSrtp } from "./ge-srtp.ts";
import { goose } from "./goose.ts";
import { hartIp } from "./hart-ip.ts";
import { http } from "./http.ts";
import { http2 } from "./http2.ts";
import { icap } from "./icap.ts";
import { iec104 } from "./iec104.ts";
import { ike } from "./ike.ts";
import { imap } from "./imap.ts";
import { kerberos } from "./kerberos.ts";
import { ldap } from "./ldap.ts";
import { llmnr } from "./llmnr.ts";
import { mdns } from "./mdns.ts";
import { melsec } from "./melsec.ts";
import { mms } from "./mms.ts";
import { modbus } from "./modbus.ts";
import { mqtt } from "./mqtt.ts";
import { netbiosNs } from "./netbios-ns.ts";
import { ntp } from "./ntp.ts";
import { opcua } from "./opcua.ts";
import { openvpn } from "./openvpn.ts";
import { pop3 } from "./pop3.ts";
import { postgresql } from "./postgresql.ts";
import { profinetCm } from "./profinet-cm.ts";
import { profinetDcp } from "./profinet-dcp.ts";
import { quic } from "./quic.ts";
import { radius } from "./radius.ts";
import { rdp } from "./rdp.ts";
import { rtcp } from "./rtcp.ts";
import { rtp } from "./rtp.ts";
import { s7comm } from "./s7comm.ts";
import { s7commPlus } from "./s7comm-plus.ts";
import { sctp } from "./sctp.ts";
import { sip } from "./sip.ts";
import { smb } from "./smb.ts";
import { smtp } from "./smtp.ts";
import { snmp } from "./snmp.ts";
import { ssdp } from "./ssdp.ts";
import { ssh } from "./ssh.ts";
import { stun } from "./stun.ts";
import { sv } from "./sv.ts";
import { syslog } from "./syslog.ts";
import { tacacs } from "./tacacs.ts";
import { tftp } from "./tftp.ts";
import { tls } from "./tls.ts";
import { websocket } from "./websocket.ts";
import { wireguard } from "./wireguard.ts";
import { xmpp } from "./xmpp.ts";

export const DECODERS: readonly Decoder[] = [
  amqp,
  bacnet,
  codesys,
  dcerpc,
  dhcp,
  dhcpv6,
  dnp3,
  dns,
  dtls,
  enip,
  fins,
  ftp,
  ftpData,
  geSrtp,
  goose,
  hartIp,
  http,
  http2,
  icap,
  iec104,
  ike,
  imap,
  kerberos,
  ldap,
  llmnr,
  mdns,
  melsec,
  mms,
  modbus,
  mqtt,
  netbiosNs,
  ntp,
  opcua,
  openvpn,
  pop3,
  postgresql,
  profinetCm,
  profinetDcp,
  quic,
  radius,
  rdp,
  rtcp,
  rtp,
  s7comm,
  s7commPlus,
  sctp,
  sip,
  smb,
  smtp,
  snmp,
  ssdp,
  ssh,
  stun,
  sv,
  syslog,
  tacacs,
  tftp,
  tls,
  websocket,
  wireguard,
  xmpp,
];
