/** Methods of AMQP 0-9-1 (its XML definition) with what they do to the broker, and SASL's frames of AMQP 1.0. */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { OperationClass } from "../../src/decode/facts.ts";

export interface Method {
  class: string;
  name: string;
  /** Who alone sends it. */
  sender: "client" | "server" | null;
  /** Of requests whose arguments begin with the name of a queue or an exchange: what they do. */
  does: OperationClass | null;
}

/** Class, its number, then methods with theirs: `>` sent by clients, `<` by servers, `=` by both. */
const CLASSES = [
  "connection 10 <10:start >11:start-ok <20:secure >21:secure-ok <30:tune >31:tune-ok >40:open <41:open-ok =50:close =51:close-ok <60:blocked <61:unblocked",
  "channel 20 >10:open <11:open-ok =20:flow =21:flow-ok =40:close =41:close-ok",
  "exchange 40 >10:declare <11:declare-ok >20:delete <21:delete-ok >30:bind <31:bind-ok >40:unbind <51:unbind-ok",
  "queue 50 >10:declare <11:declare-ok >20:bind <21:bind-ok >30:purge <31:purge-ok >40:delete <41:delete-ok >50:unbind <51:unbind-ok",
  "basic 60 >10:qos <11:qos-ok >20:consume <21:consume-ok =30:cancel =31:cancel-ok >40:publish <50:return <60:deliver >70:get <71:get-ok <72:get-empty =80:ack >90:reject >100:recover-async >110:recover <111:recover-ok =120:nack",
  "confirm 85 >10:select <11:select-ok",
  "tx 90 >10:select <11:select-ok >20:commit <21:commit-ok >30:rollback <31:rollback-ok",
];
/** Publishing writes; consuming and getting read; what makes, binds or removes queues and exchanges changes the broker. */
const DOES = new Map<string, OperationClass>([
  ["basic.publish", "write"],
  ["basic.consume", "read"],
  ["basic.get", "read"],
  ...["exchange.declare", "exchange.delete", "exchange.bind", "exchange.unbind"].map(control),
  ...["queue.declare", "queue.bind", "queue.purge", "queue.delete", "queue.unbind"].map(control),
]);
function control(name: string): [string, OperationClass] {
  return [name, "control"];
}

const SENDERS = { ">": "client", "<": "server", "=": null } as const;
const METHODS = new Map<number, Method>();
for (const line of CLASSES) {
  const [name, number, ...methods] = line.split(" ");
  for (const method of methods) {
    const [, sender, id, word] = /^([<>=])(\d+):(.+)$/.exec(method)!;
    METHODS.set(Number(number) * 0x10000 + Number(id), {
      class: name!,
      name: word!,
      sender: SENDERS[sender as keyof typeof SENDERS], // one of the three by the pattern
      does: DOES.get(`${name}.${word}`) ?? null,
    });
  }
}

export const methodOf = (classId: number, methodId: number): Method | null =>
  METHODS.get(classId * 0x10000 + methodId) ?? null;

/** Frames of the security layer by their descriptor's code (AMQP 1.0 part 5 section 5.3.3). */
export const SASL_FRAMES = new Map<number, { name: string; sender: "client" | "server" }>([
  [0x40, { name: "sasl-mechanisms", sender: "server" }],
  [0x41, { name: "sasl-init", sender: "client" }],
  [0x42, { name: "sasl-challenge", sender: "server" }],
  [0x43, { name: "sasl-response", sender: "client" }],
  [0x44, { name: "sasl-outcome", sender: "server" }],
]);

/** What a SASL outcome's code says (AMQP 1.0 part 5 section 5.3.3.6). */
export const SASL_OUTCOMES = ["ok", "auth", "sys", "sys-perm", "sys-temp"] as const;

const LONG_STRING = 0x53;
/** Bytes of a field's value by its type's letter, where they are fixed (0-9-1 section 4.2.1, RabbitMQ's errata). */
const SIZES = new Map<string, number>([
  ...["t", "b", "B"].map((type): [string, number] => [type, 1]),
  ...["s", "u"].map((type): [string, number] => [type, 2]),
  ...["I", "i", "f"].map((type): [string, number] => [type, 4]),
  ...["l", "d", "T", "L"].map((type): [string, number] => [type, 8]),
  ["D", 5],
  ["V", 0],
]);

/** Texts of a table that was entered, by their names; reading ends at a type that nobody defined. */
export function tableTexts(c: Cursor): Map<string, string> {
  const texts = new Map<string, string>();
  while (c.left > 0) {
    const name = c.text(c.u8());
    const type = c.u8();
    if (type === LONG_STRING) {
      texts.set(name, c.text(c.u32()));
      continue;
    }
    const size = SIZES.get(String.fromCharCode(type));
    if (size !== undefined) c.skip(size);
    else if ("FAx".includes(String.fromCharCode(type))) c.skip(c.u32());
    else return texts;
  }
  return texts;
}
