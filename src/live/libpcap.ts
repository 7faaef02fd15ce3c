/**
 * libpcap's own functions, called in its shared library: no compiler and no capture tool is needed, only `libpcap.so`.
 *
 * What is declared here is as in pcap(3PCAP). A pointer is a bigint; a null pointer comes back as null. Nothing here is
 * called once a packet: libpcap writes packets into memory by itself (`pcap-source.ts`).
 */
import { systemReason, UsageError } from "../errors.ts";

export type Pointer = bigint;

/** The functions that are used; names and order of arguments are libpcap's. */
export interface Libpcap {
  create(device: string, error: Uint8Array): Pointer | null;
  openDead(linkType: number, snapLength: number): Pointer | null;
  setSnapLength(pcap: Pointer, bytes: number): number;
  setPromiscuous(pcap: Pointer, on: number): number;
  setTimeout(pcap: Pointer, ms: number): number;
  setBufferSize(pcap: Pointer, bytes: number): number;
  setPrecision(pcap: Pointer, precision: number): number;
  getPrecision(pcap: Pointer): number;
  activate(pcap: Pointer): number;
  setNonblock(pcap: Pointer, on: number, error: Uint8Array): number;
  /** DLT_ value. */
  datalink(pcap: Pointer): number;
  setDatalink(pcap: Pointer, linkType: number): number;
  snapshot(pcap: Pointer): number;
  compile(pcap: Pointer, program: Uint8Array, text: string, optimize: number, netmask: number): number;
  setFilter(pcap: Pointer, program: Uint8Array): number;
  freeCode(program: Uint8Array): void;
  dispatch(pcap: Pointer, count: number, callback: Pointer, user: Pointer): number;
  stats(pcap: Pointer, into: Uint8Array): number;
  descriptor(pcap: Pointer): number;
  error(pcap: Pointer): string;
  status(code: number): string;
  close(pcap: Pointer): void;
  dumpFopen(pcap: Pointer, file: Pointer): Pointer | null;
  dumpTell(dumper: Pointer): number;
  /** `pcap_dump` itself, to be handed to `dispatch`. */
  readonly dump: Pointer;
  findAll(into: Uint8Array, error: Uint8Array): number;
  freeAll(list: Pointer): void;
  version(): string;
}

/** What is needed of the C library: a stream over memory, and giving rights up for good. */
export interface Libc {
  memoryStream(memory: Pointer, bytes: number, mode: string): Pointer | null;
  /** `_IONBF` is 2. */
  setBuffering(stream: Pointer, buffer: null, mode: number, bytes: number): number;
  seek(stream: Pointer, offset: number, whence: number): number;
  closeStream(stream: Pointer): number;
  /** 0 where there is no such interface. */
  indexOfName(name: string): number;
  /** Writes at most 16 bytes; null where there is no such interface any more. */
  nameOfIndex(index: number, into: Uint8Array): string | null;
  /** netdevice(7); null elsewhere than on Linux. */
  openSocket: ((family: number, type: number, protocol: number) => number) | null;
  ioctl: ((descriptor: number, request: number, argument: Uint8Array) => number) | null;
  sendTo:
    | ((
        descriptor: number,
        message: Uint8Array,
        bytes: number,
        flags: number,
        to: Uint8Array,
        toBytes: number,
      ) => number)
    | null;
  /** Linux's `setsockopt(2)`; null elsewhere. */
  setOption: ((descriptor: number, level: number, option: number, value: Uint8Array, bytes: number) => number) | null;
  /** The same with `SO_ATTACH_FILTER` and a program of 8 bytes an instruction, in the machine's own order. */
  attachFilter: ((descriptor: number, program: Uint8Array) => number) | null;
  /** Linux's `prctl(2)`; null elsewhere. */
  control: ((option: number, a: number, b: number, c: number, d: number) => number) | null;
}

export interface Native {
  pcap: Libpcap;
  c: Libc;
  allocate(bytes: number): Pointer;
  release(memory: Pointer): void;
  /** The memory itself, not a copy: gone with `release`. */
  view(memory: Pointer, bytes: number): Uint8Array<ArrayBuffer>;
  /** The word-sized pointer at a place. */
  pointerAt(memory: Uint8Array, offset: number): Pointer;
  text(memory: Pointer): string;
}

const NAMES =
  process.platform === "darwin"
    ? ["libpcap.A.dylib", "libpcap.dylib"]
    : ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];
export const ERROR_BYTES = 256;

let loaded: Native | null = null;

/** Loads libpcap. UsageError, with what to install, where the library or the package that calls it is not there. */
export async function loadNative(): Promise<Native> {
  loaded ??= await load();
  return loaded;
}

async function load(): Promise<Native> {
  if (process.platform === "win32") {
    throw new UsageError(
      "capturing through libpcap has not been tried on Windows; use --engine child with dumpcap, or pipe a capture in",
    );
  }
  let koffi: typeof import("koffi");
  try {
    koffi = await import("koffi");
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(`the package koffi, which calls libpcap, does not load (${why}); npm install koffi@3.3.4`);
  }
  const library = openLibrary(koffi);
  const c = koffi.load(null);
  const linux = process.platform === "linux";
  const P = "void *";
  const bytes = "uint8_t *";
  const f = (name: string, result: string, ...args: string[]) => library.func(name, result, args);
  const pcap: Libpcap = {
    create: f("pcap_create", P, "str", bytes),
    openDead: f("pcap_open_dead", P, "int", "int"),
    setSnapLength: f("pcap_set_snaplen", "int", P, "int"),
    setPromiscuous: f("pcap_set_promisc", "int", P, "int"),
    setTimeout: f("pcap_set_timeout", "int", P, "int"),
    setBufferSize: f("pcap_set_buffer_size", "int", P, "int"),
    setPrecision: f("pcap_set_tstamp_precision", "int", P, "int"),
    getPrecision: f("pcap_get_tstamp_precision", "int", P),
    activate: f("pcap_activate", "int", P),
    setNonblock: f("pcap_setnonblock", "int", P, "int", bytes),
    datalink: f("pcap_datalink", "int", P),
    setDatalink: f("pcap_set_datalink", "int", P, "int"),
    snapshot: f("pcap_snapshot", "int", P),
    compile: f("pcap_compile", "int", P, bytes, "str", "int", "uint32_t"),
    setFilter: f("pcap_setfilter", "int", P, bytes),
    freeCode: f("pcap_freecode", "void", bytes),
    dispatch: f("pcap_dispatch", "int", P, "int", P, P),
    stats: f("pcap_stats", "int", P, bytes),
    descriptor: f("pcap_fileno", "int", P),
    error: f("pcap_geterr", "str", P),
    status: f("pcap_statustostr", "str", "int"),
    close: f("pcap_close", "void", P),
    dumpFopen: f("pcap_dump_fopen", P, P, P),
    dumpTell: f("pcap_dump_ftell", "long", P),
    dump: library.symbol("pcap_dump"),
    findAll: f("pcap_findalldevs", "int", bytes, bytes),
    freeAll: f("pcap_freealldevs", "void", P),
    version: f("pcap_lib_version", "str"),
  };
  return {
    pcap,
    c: {
      memoryStream: c.func("fmemopen", P, [P, "size_t", "str"]),
      setBuffering: c.func("setvbuf", "int", [P, P, "int", "size_t"]),
      seek: c.func("fseek", "int", [P, "long", "int"]),
      closeStream: c.func("fclose", "int", [P]),
      indexOfName: c.func("if_nametoindex", "uint", ["str"]),
      nameOfIndex: c.func("if_indextoname", "str", ["uint", bytes]),
      openSocket: linux ? c.func("socket", "int", ["int", "int", "int"]) : null,
      sendTo: linux ? c.func("sendto", "intptr_t", ["int", bytes, "size_t", "int", bytes, "uint"]) : null,
      ioctl: linux ? c.func("ioctl", "int", ["int", "ulong", bytes]) : null,
      setOption: linux ? c.func("setsockopt", "int", ["int", "int", "int", bytes, "uint"]) : null,
      attachFilter: linux ? filterAttacher(koffi, c) : null,
      control: linux ? c.func("prctl", "int", ["int", "ulong", "ulong", "ulong", "ulong"]) : null,
    },
    allocate: (size) => koffi.alloc("uint8_t", size) as Pointer,
    release: (memory) => koffi.free(memory),
    view: (memory, size) => new Uint8Array(koffi.view(memory, size)),
    pointerAt: (memory, offset) => BigInt(koffi.decode(memory, offset, "uintptr_t") as number | bigint),
    text: (memory) => koffi.decode.string(memory),
  };
}

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

function filterAttacher(
  koffi: typeof import("koffi"),
  c: import("koffi").LibraryHandle,
): (descriptor: number, program: Uint8Array) => number {
  const type = koffi.struct({ len: "uint16_t", filter: "uint8_t *" }); // struct sock_fprog
  const attach = c.func("setsockopt", "int", ["int", "int", "int", koffi.pointer(type), "uint"]);
  return (descriptor, filter) =>
    attach(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, { len: filter.length / 8, filter }, koffi.sizeof(type));
}

function openLibrary(koffi: typeof import("koffi")): import("koffi").LibraryHandle {
  let why = "";
  for (const name of NAMES) {
    try {
      return koffi.load(name);
    } catch (error) {
      why ||= systemReason(error);
    }
  }
  const install =
    process.platform === "linux"
      ? "apt-get install libpcap0.8, dnf install libpcap, apk add libpcap"
      : "install libpcap";
  throw new UsageError(
    `libpcap's shared library is not here (${why}): ${install}; or use --engine child with tcpdump or dumpcap`,
  );
}

/** The text that libpcap left in an error buffer. */
export function errorText(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(buffer.subarray(0, end < 0 ? buffer.length : end));
}
