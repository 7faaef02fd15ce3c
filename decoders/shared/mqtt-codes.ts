/** MQTT's packet types (MQTT 5.0 section 2.1.2) and the reasons with which a broker answers CONNECT (section 3.2.2.2). */
export const MQTT = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

const NAMES = new Map<number, string>(Object.entries(MQTT).map(([name, type]) => [type, name.toUpperCase()]));

export const mqttTypeName = (type: number): string => NAMES.get(type) ?? `type ${type}`;

/** What a broker sends behind its CONNACK in answer to something. */
export const acknowledges = (type: number): boolean =>
  type === MQTT.suback ||
  type === MQTT.unsuback ||
  type === MQTT.pingresp ||
  type === MQTT.puback ||
  type === MQTT.pubrec;

/** Of versions 3.1 and 3.1.1, by the code. */
export const RETURN_CODES_3: readonly string[] = [
  "success",
  "unacceptable protocol version",
  "identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

/** Of version 5. */
export const CONNECT_REASONS = new Map<number, string>([
  [0, "success"],
  [128, "unspecified error"],
  [129, "malformed packet"],
  [130, "protocol error"],
  [131, "implementation specific error"],
  [132, "unsupported protocol version"],
  [133, "client identifier not valid"],
  [134, "bad user name or password"],
  [135, "not authorized"],
  [136, "server unavailable"],
  [137, "server busy"],
  [138, "banned"],
  [140, "bad authentication method"],
  [144, "topic name invalid"],
  [149, "packet too large"],
  [151, "quota exceeded"],
  [153, "payload format invalid"],
  [154, "retain not supported"],
  [155, "QoS not supported"],
  [156, "use another server"],
  [157, "server moved"],
  [159, "connection rate exceeded"],
]);
