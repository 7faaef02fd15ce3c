/**
 * Every cap in one place: its value, why it is that, and what happens when it is hit.
 *
 * Whoever hits one counts it under the cap's own name (`CapCounter`); the counts reach the quality table as
 * `cap:NAME` and their sum as `caps_hit`, so that no verdict rests on a silent cut.
 */
export const LIMITS = {
  /** Bytes of a capture that are read at a time; a long file is read ahead by as many. From 512 KiB to 4 MiB equally fast. */
  slabBytes: 1 << 20,
  /** Largest record that a capture may hold. libpcap writes 256 KiB at most but for USB; beyond this the file is damaged. */
  recordBytes: 16 << 20,
  /** Interfaces of one pcapng section. Beyond it the block is refused as damage: each costs memory for the whole run. */
  interfaces: 65_536,
  /** Names taken from a capture's own name resolution blocks. Beyond it they are counted and left out. */
  captureNames: 65_536,
  /** VLAN tags, labels, tunnels and extension headers walked in one frame. Beyond it the packet is counted as too deep. */
  layers: 16,
  /** Datagrams put together from fragments at once. Beyond it the one that began first is given up. */
  fragmentDatagrams: 4_096,
  /** Bytes of their buffers together. Beyond it the same. */
  fragmentBytes: 32 << 20,
  /** Seconds of capture time that a datagram may wait for its fragments (RFC 791 suggests 15, RFC 8200 asks for 60). */
  fragmentSec: 60,
  /** Stretches of one datagram that do not touch. Beyond it a fragment that would add one is counted and left out. */
  fragmentHoles: 64,
  /** Flows in the table. Beyond it packets of new flows are counted and not tracked. 128 bytes each, plus the index. */
  flows: 16_000_000,
  /** Flows that carry facts. Beyond it a new flow is counted but its facts are not kept. */
  flowDetails: 2_000_000,
  /** Distinct IPv6 and MAC addresses. Beyond it packets with new ones are counted and not tracked. */
  addresses: 4_000_000,
  /** Facts kept for one flow, and as many names behind them. Beyond it further facts are counted only. */
  factsPerFlow: 4_096,
  /** Facts in the whole run. */
  facts: 8_000_000,
  /**
   * Operations of one flow that are kept each by itself, like other facts; from the next on they are counted by kind
   * (`decode/tally.ts`). More than the messages of `identifySegments` segments, which a merge plays again.
   */
  operationsApart: 64,
  /** Kinds of operations told apart in one flow, and as many of those that could change a device. Beyond it a new target is not named. */
  operationKinds: 1_024,
  /** Requests of one direction that wait for an answer. Beyond it the oldest counts as unanswered. Masters pipeline 16 at most. */
  operationsOpen: 1_024,
  /** Kinds of messages of one flow that are counted by a glance, 128 bytes each. Beyond it further ones are read in full. */
  glancedKinds: 1_024,
  /**
   * Bytes for flows whose operations the compiled walk counts: 8 KB each, and 64 for each kind, at most half of them used. Beyond
   * it those of silent connections are given to others; where all are in use, further flows are counted packet by packet.
   */
  ledgerBytes: 32 << 20,
  /** Directions of which the last 2 KB that were read are kept, to be held against what is sent again: 130 MB. Beyond it they are not. */
  rewinds: 32_768,
  /** Bytes looked at of messages that were sent again with others in their place: a segment, and what it is part of. */
  otherwiseBytes: 4_096,
  /** Seconds of one flow of which the requests are counted, for its peak: three hours. */
  operationSeconds: 10_800,
  /** Addresses whose checksums or packets' lengths are left to their network card, told by name. Further ones are counted only. */
  senders: 65_536,
  /** Hosts that are looked at for being like a role. Beyond it further ones are not inferred. */
  likeHosts: 65_536,
  /** Payload bytes of one direction looked at before it counts as unknown. The largest TLS 1.2 flights fit. */
  identifyBytes: 32 << 10,
  /** Bytes of one direction held while a message is not whole. The largest DNS message over TCP is 65,537. */
  streamBytes: 128 << 10,
  /** Datagrams of one direction looked at before a flow counts as unknown. */
  identifyDatagrams: 5,
  /**
   * Segments of a connection that was under way when the capture began that are looked at before it counts as unknown, and
   * kept for joining with a slice before. Some servers send a head's lines one by one, and a browser's hello of 2 KB takes
   * 14 of them where segments are as small as they get.
   */
  identifySegments: 16,
  /**
   * Datagrams of one direction kept for a message that needs several of them. QUIC's hellos with post-quantum keys take
   * two or three, sent again as often until the server answers, and between them come early data.
   */
  keptDatagrams: 16,
  /** Bytes of QUIC's handshake put together for one hello, which has 2 KiB with post-quantum keys. Beyond it they are left out. */
  handshakeBytes: 64 << 10,
  /** Pieces of them, in `keptDatagrams` datagrams. Browsers scatter a hello over some twenty. Beyond it the same. */
  handshakePieces: 256,
  /** Segments held for one direction while bytes before them are missing. Beyond it they count as lost. */
  pendingSegments: 64,
  /**
   * Seconds that segments wait for bytes before them, where every message is read. Most senders have tried five times
   * by then; a device that is asked once a second would hide a minute of questions behind one lost frame.
   */
  holeSec: 10,
  /** Payload bytes held for all directions together while they wait for more. Beyond it the waiting one is given up. */
  pendingBytes: 64 << 20,
  /** Messages that agree on another flow, in all and for one port. Beyond it their flows stay conversations of their own. */
  expectedFlows: 1_000_000,
  expectedOfPort: 4_096,
  /** Directions of connections whose missing segments may still come. Beyond it a hole that is filled later counts as one. */
  streamHoles: 65_536,
  /** RSTs whose TTL is kept, and addresses whose SYN-ACKs' are. Beyond it nobody can say how near a RST came from. */
  resets: 100_000,
  distances: 65_536,
  /** Addresses of which it is kept through which next hop they are reached. Of further ones silence proves less. */
  hops: 65_536,
  /** ICMP errors kept for matching with the flows that they quote. */
  quotes: 100_000,
  /**
   * Flows of one conversation that are judged one by one, and as many again behind them of which each could be judged in
   * another way. Beyond those the conversation is not `documented`: each costs 2.5 KB while it is judged.
   */
  conversationFlows: 4_096,
  /** Frames listed as support of one verdict, and as many against it. Counts go on. */
  evidenceFrames: 16,
  /** Rows of assets: as many devices as a large site has, by several sources each. */
  assets: 200_000,
  /** MAC addresses claimed for addresses by ARP: as many as a large site has; a forger can claim any number. Further ones are not kept. */
  neighbours: 65_536,
  /**
   * Answers that gave addresses to which nobody has spoken, in a live run's memory: 1.2 KB each. Beyond it the oldest are in its
   * database alone, and a conversation that begins then is judged without them.
   */
  answersKept: 100_000,
  /**
   * Kinds of look-ups, and names of addresses, that are kept of look-ups that left a live run's memory while something rests on them:
   * 0.4 KB each. A document's names are few; a pattern that fits ever new ones is what makes them many. Beyond it they stay whole.
   */
  lookupsTold: 100_000,
  /**
   * Exchanges of NTP that are kept of conversations that left a live run's memory, where a rule compares clocks: 0.5 KB each. Public
   * pools have some thousand servers. Beyond it such conversations stay, whole.
   */
  exchangesKept: 20_000,
  /** Names kept for one conversation. */
  namesPerConversation: 64,
  /** A DNS message's labels and pointers walked for one name (RFC 1035 allows 127 labels). */
  dnsLabels: 128,
  /** Records read of one DNS message. */
  dnsRecords: 512,
} as const;

export type Cap = keyof typeof LIMITS;

/** How often each cap was hit. */
export class CapCounter {
  readonly hits = new Map<Cap, number>();
  hit(cap: Cap, times = 1): void {
    this.hits.set(cap, (this.hits.get(cap) ?? 0) + times);
  }
}
