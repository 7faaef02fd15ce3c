/**
 * A ledger: where the compiled walk counts one flow's operations by itself (`wasm/glance.ts`) while it is lent to it
 * (`decode/ledgers.ts`). It stands in the arena, and so do the flow's places, one behind the other (`decode/glances.ts`).
 *
 *     byte  0         32        64                     128
 *           ┌─────────┬─────────┬──────────────────────┐
 *           │ side 0  │ side 1  │ of both              │ words
 *      128  ├─────────┴─────────┴──────────────────────┤
 *           │ young requests, see `decode/glances.ts`  │ words
 *     2688  ├─────────────────────────────────┬────────┤
 *           │ what was read last of side 0    │ starts │ 2,048 bytes and as many bits, see `rewind.ts`
 *     4992  ├─────────────────────────────────┼────────┤
 *           │                       of side 1 │        │
 *     7296  ├─────────────────────────────────┴────────┤
 *           │ seconds that are over                    │ two words each: requests in it, the second after it
 *           └──────────────────────────────────────────┘
 */
/** Words of a side, which is one direction. */
export const SIDE = 8;
/** Where the shape of its messages stands in the arena; 0 where each of its packets goes the long way. */
export const SHAPE = 0;
/** The shape's number and the direction, as a place has them, and what a place's hash begins with. */
export const HEAD = 1;
export const HASH = 2;
/** Sequence number of the first byte that was not read yet. */
export const BASE = 3;
/** Only packets of later seconds may be counted here. */
export const AFTER = 4;
/** How many bytes that were read last are kept; -1: none are. */
export const REWOUND = 5;
/** How many of its requests may be among the young at most. */
export const ROOM = 6;

/** Where the places begin in the arena, and their number less one. */
export const PLACES = 16;
export const MASK = 17;
/** Of the young requests: who sent them, the first of them, and the end. */
export const ASKER = 18;
export const FIRST = 19;
export const END = 20;
/** The newest second, and the requests in it. */
export const SECOND = 21;
export const IN_SECOND = 22;
/** Requests in a row without an answer, as in `decode/tally-kinds.ts`. */
export const RUN_FIRST = 23;
export const RUN_LAST = 24;
export const RUN_LONGEST = 25;
export const ANSWERED = 26;
/** The frame of the request that was put elsewhere last. */
export const OPENED = 27;
/** Seconds that have ended since the ledger was lent. */
export const TURNS = 28;

export const YOUNG_AT = 128;
export const REWIND_AT = 2_688;
/** Bytes of one direction that were read last: two of the largest messages of S7, 170 questions of Modbus. And all that is kept of it. */
export const WINDOW = 2_048;
export const REWIND_BYTES = WINDOW + WINDOW / 8;
export const TURNS_AT = REWIND_AT + 2 * REWIND_BYTES;
/** A minute of them; then one request goes the long way. */
export const MOST_TURNS = 60;
export const LEDGER_BYTES = TURNS_AT + MOST_TURNS * 8;
