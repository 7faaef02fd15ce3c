/** What PROFINET's numbers mean in both of its protocols: makers, and what a record holds. IEC 61158-6-10, IEC 61784-2. */

const VENDORS: ReadonlyMap<number, string> = new Map([
  [0x002a, "Siemens"],
  [0x00b0, "Phoenix Contact"],
  [0x010c, "HMS Industrial Networks"],
  [0x011d, "WAGO"],
  [0x011e, "Hilscher"],
  [0x0120, "Beckhoff"],
]);
/** PI's number of a maker; those that are not among the common ones stay numbers. */
export const profinetVendor = (id: number): string =>
  VENDORS.get(id) ?? `PROFINET vendor 0x${id.toString(16).padStart(4, "0")}`;

const RECORDS: ReadonlyMap<number, string> = new Map([
  [0xaff0, "I&M0"],
  [0xaff1, "I&M1"],
  [0xaff2, "I&M2"],
  [0xaff3, "I&M3"],
  [0xaff4, "I&M4"],
  [0xe040, "MultipleWrite"],
  [0xf830, "LogBookData"],
  [0xf840, "I&M0FilterData"],
  [0xf841, "PDRealData"],
  [0xf842, "PDExpectedData"],
]);
/** `I&M0`, or the index alone. */
export const recordName = (index: number): string => RECORDS.get(index) ?? `0x${index.toString(16).padStart(4, "0")}`;

/** Records that say which device it is, and those with which a device says which of its modules do. */
export const isIdentification = (index: number): boolean => (index >= 0xaff0 && index <= 0xaff4) || index === 0xf840;
