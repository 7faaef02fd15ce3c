/** Names of TLS alerts and application protocols, from IANA's TLS parameters. */

const ALERTS = new Map<number, string>([
  [0, "close_notify"],
  [1, "end_of_early_data"],
  [10, "unexpected_message"],
  [20, "bad_record_mac"],
  [21, "decryption_failed"],
  [22, "record_overflow"],
  [30, "decompression_failure"],
  [40, "handshake_failure"],
  [41, "no_certificate"],
  [42, "bad_certificate"],
  [43, "unsupported_certificate"],
  [44, "certificate_revoked"],
  [45, "certificate_expired"],
  [46, "certificate_unknown"],
  [47, "illegal_parameter"],
  [48, "unknown_ca"],
  [49, "access_denied"],
  [50, "decode_error"],
  [51, "decrypt_error"],
  [52, "too_many_cids_requested"],
  [60, "export_restriction"],
  [70, "protocol_version"],
  [71, "insufficient_security"],
  [80, "internal_error"],
  [86, "inappropriate_fallback"],
  [90, "user_canceled"],
  [100, "no_renegotiation"],
  [109, "missing_extension"],
  [110, "unsupported_extension"],
  [111, "certificate_unobtainable"],
  [112, "unrecognized_name"],
  [113, "bad_certificate_status_response"],
  [114, "bad_certificate_hash_value"],
  [115, "unknown_psk_identity"],
  [116, "certificate_required"],
  [117, "general_error"],
  [120, "no_application_protocol"],
  [121, "ech_required"],
]);

export const isKnownAlert = (code: number): boolean => ALERTS.has(code);

/** `handshake_failure`; an unknown one `alert 99`. */
export const alertName = (code: number): string => ALERTS.get(code) ?? `alert ${code}`;

/** ALPN identifications (RFC 7301) and the decoder that reads what they name. */
const APPS = new Map<string, string>([
  ["http/0.9", "http"],
  ["http/1.0", "http"],
  ["http/1.1", "http"],
  ["h2", "http2"],
  ["h2c", "http2"],
  ["h3", "http3"],
  ["mqtt", "mqtt"],
  ["x-amzn-mqtt-ca", "mqtt"],
  ["x-amzn-http-ca", "http"],
  ["amqp", "amqp"],
  ["ftp", "ftp"],
  ["imap", "imap"],
  ["pop3", "pop3"],
  ["xmpp-client", "xmpp"],
  ["xmpp-server", "xmpp"],
  ["dot", "dns"],
  ["doq", "dns"],
  ["sip/2", "sip"],
  ["smb", "smb"],
  ["postgresql", "postgresql"],
  ["radius/1.0", "radius"],
  ["radius/1.1", "radius"],
  ["stun.turn", "stun"],
  ["stun.nat-discovery", "stun"],
]);

/** Drafts of what got a name of its own later. */
const DRAFTS: readonly [RegExp, string][] = [
  [/^h3-(\d\d|Q0\d\d|T05[01])$/, "http3"],
  [/^h2-\d\d$/, "http2"],
  [/^doq-i\d\d$/, "dns"],
];

/** The decoder's id for an ALPN protocol and its drafts (`http3` too); else the ALPN text, as we have no decoder for it. */
export const alpnApp = (protocol: string): string =>
  APPS.get(protocol) ?? DRAFTS.find(([form]) => form.test(protocol))?.[1] ?? protocol;
