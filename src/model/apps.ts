import { quote, unknownWord } from "../words.ts";

/**
 * Every id that `app:` may name and that the `app` column may hold: a closed list that other programs rely on. It is
 * wider than the decoders that are built in, so that a model may be written before its decoder is.
 */
export const APPS = {
  dns: "Domain Name System",
  mdns: "Multicast DNS",
  llmnr: "Link-Local Multicast Name Resolution",
  "netbios-ns": "NetBIOS Name Service",
  tls: "Transport Layer Security, whatever runs inside",
  dtls: "Datagram TLS",
  quic: "QUIC, HTTP/3 included",
  http: "HTTP/1 in clear text",
  http2: "HTTP/2 in clear text",
  websocket: "WebSocket in clear text",
  ntp: "Network Time Protocol",
  stun: "STUN, TURN and ICE checks",
  rtp: "Real-time Transport Protocol",
  rtcp: "RTP Control Protocol",
  sctp: "Stream Control Transmission Protocol, also over UDP",
  mqtt: "MQTT in clear text",
  amqp: "Advanced Message Queuing Protocol",
  ldap: "Lightweight Directory Access Protocol",
  kerberos: "Kerberos",
  ssh: "Secure Shell, SFTP included",
  smtp: "Simple Mail Transfer Protocol",
  imap: "Internet Message Access Protocol",
  pop3: "Post Office Protocol",
  ftp: "FTP control connection",
  "ftp-data": "FTP data connection",
  icap: "Internet Content Adaptation Protocol",
  syslog: "Syslog",
  snmp: "Simple Network Management Protocol",
  dhcp: "Dynamic Host Configuration Protocol for IPv4",
  dhcpv6: "Dynamic Host Configuration Protocol for IPv6",
  ssdp: "Simple Service Discovery Protocol",
  radius: "RADIUS",
  tftp: "Trivial File Transfer Protocol",
  sip: "Session Initiation Protocol",
  rdp: "Remote Desktop Protocol",
  smb: "Server Message Block",
  dcerpc: "DCE/RPC",
  tacacs: "TACACS+",
  ike: "Internet Key Exchange",
  openvpn: "OpenVPN",
  wireguard: "WireGuard",
  postgresql: "PostgreSQL",
  xmpp: "XMPP",
  modbus: "Modbus",
  bacnet: "BACnet",
  s7comm: "S7 communication",
  "s7comm-plus": "S7 communication plus",
  enip: "EtherNet/IP",
  "profinet-cm": "PROFINET context manager",
  "profinet-dcp": "PROFINET discovery and configuration",
  "ge-srtp": "GE service request transport",
  melsec: "MELSEC communication",
  dnp3: "DNP3",
  iec104: "IEC 60870-5-104",
  opcua: "OPC UA",
  mms: "IEC 61850 MMS",
  fins: "Omron FINS",
  codesys: "CODESYS",
  "hart-ip": "HART-IP",
  goose: "IEC 61850 GOOSE",
  sv: "IEC 61850 sampled values",
} as const;

export type App = keyof typeof APPS;
export const APP_IDS: readonly string[] = Object.keys(APPS);

/** Words of vendors' tables, and what `app:` calls the same. `any`: a protocol that no decoder is planned for. */
export const APP_SYNONYMS: Readonly<Record<string, App | "any">> = {
  https: "tls",
  ssl: "tls",
  wss: "tls",
  ldaps: "tls",
  mqtts: "tls",
  ftps: "tls",
  smtps: "tls",
  imaps: "tls",
  h2: "tls",
  ws: "websocket",
  sftp: "ssh",
  scp: "ssh",
  http3: "quic",
  webrtc: "dtls",
  cip: "enip",
  "ethernet/ip": "enip",
  s7: "s7comm",
  rpc: "dcerpc",
  cifs: "smb",
  "active-directory": "ldap",
  tds: "any",
  mssql: "any",
  mysql: "any",
  oracle: "any",
  netflow: "any",
  ipfix: "any",
  sflow: "any",
  vnc: "any",
  telnet: "any",
};

/** What to write instead of a word that `app:` does not know. */
export function unknownApp(word: string, known: readonly string[]): string {
  const same = APP_SYNONYMS[word.toLowerCase()];
  const found = `unknown decoder ${quote(word)}`;
  if (same === "any") return `${found}: nothing here reads it; write any`;
  if (same !== undefined) return `${found}; here it is called ${same}: ${APPS[same]}`;
  const near = unknownWord("decoder", word, known);
  return near === found ? `${found}; "wirepact decoders" lists them, and any stands for a protocol without one` : near;
}

/** What a rule may name for a part of an application: the application, and the field that its requests show then. */
export const APP_PARTS: Readonly<Record<string, { app: App; field: string; about: string }>> = {
  ice: {
    app: "stun",
    field: "stun.ice-role",
    about: "STUN between two ends that look for a way to each other (RFC 8445), no request to a server",
  },
};
