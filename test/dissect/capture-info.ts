import type { CaptureInfo } from "../../src/capture/frame.ts";

/** A capture of which nothing is known yet. */
export const captureInfo = (): CaptureInfo => ({
  path: "test.pcap",
  realm: "default",
  format: "pcap",
  linkTypes: [1],
  snapLength: 0,
  packets: 0,
  bytes: 0,
  framesCut: 0,
  drops: null,
  pauses: [],
  filters: [],
  cut: false,
  damage: null,
  firstSec: 0,
  firstNsec: 0,
  lastSec: 0,
  lastNsec: 0,
  hosts: [],
  size: null,
});
