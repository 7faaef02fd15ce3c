/** IEC 60870-5-101/104 type identifications: name, class, and how long one information object is. */
import type { OperationClass } from "../../src/decode/facts.ts";

export interface AsduType {
  readonly name: string;
  readonly class: OperationClass;
  /** Bytes of one element, the object's address not counted; -1 where its own length field says it. */
  readonly size: number;
}

/** `code NAME size`, by class; sizes from IEC 60870-5-101 section 7.3 and 60870-5-104 section 8. */
const LISTS: Partial<Record<OperationClass, string>> = {
  // What a station reports, of its own accord or because it was asked.
  read:
    "1 M_SP_NA_1 1|2 M_SP_TA_1 4|3 M_DP_NA_1 1|4 M_DP_TA_1 4|5 M_ST_NA_1 2|6 M_ST_TA_1 5|7 M_BO_NA_1 5|8 M_BO_TA_1 8|" +
    "9 M_ME_NA_1 3|10 M_ME_TA_1 6|11 M_ME_NB_1 3|12 M_ME_TB_1 6|13 M_ME_NC_1 5|14 M_ME_TC_1 8|15 M_IT_NA_1 5|" +
    "16 M_IT_TA_1 8|17 M_EP_TA_1 6|18 M_EP_TB_1 7|19 M_EP_TC_1 7|20 M_PS_NA_1 5|21 M_ME_ND_1 2|30 M_SP_TB_1 8|" +
    "31 M_DP_TB_1 8|32 M_ST_TB_1 9|33 M_BO_TB_1 12|34 M_ME_TD_1 10|35 M_ME_TE_1 10|36 M_ME_TF_1 12|37 M_IT_TB_1 12|" +
    "38 M_EP_TD_1 10|39 M_EP_TE_1 11|40 M_EP_TF_1 11|100 C_IC_NA_1 1|101 C_CI_NA_1 1|102 C_RD_NA_1 0|" +
    "122 F_SC_NA_1 4|126 F_DR_TA_1 13|127 F_SC_NB_1 16",
  session: "70 M_EI_NA_1 1|104 C_TS_NA_1 2|107 C_TS_TA_1 9|124 F_AF_NA_1 4",
  // Setting a clock or a parameter changes the station, though nothing moves.
  write: "103 C_CS_NA_1 7|106 C_CD_NA_1 2|110 P_ME_NA_1 3|111 P_ME_NB_1 3|112 P_ME_NC_1 5",
  control:
    "45 C_SC_NA_1 1|46 C_DC_NA_1 1|47 C_RC_NA_1 1|48 C_SE_NA_1 3|49 C_SE_NB_1 3|50 C_SE_NC_1 5|51 C_BO_NA_1 4|" +
    "58 C_SC_TA_1 8|59 C_DC_TA_1 8|60 C_RC_TA_1 8|61 C_SE_TA_1 10|62 C_SE_TB_1 10|63 C_SE_TC_1 12|64 C_BO_TA_1 11|" +
    "105 C_RP_NA_1 1|113 P_AC_NA_1 1",
  // A file goes either way: to the station it is a download.
  program: "120 F_FR_NA_1 6|121 F_SR_NA_1 7|123 F_LS_NA_1 5|125 F_SG_NA_1 -1",
};

export const TYPES: ReadonlyMap<number, AsduType> = new Map(
  Object.entries(LISTS).flatMap(([cls, list]) =>
    list.split("|").map((entry) => {
      const [code, name, size] = entry.split(" ");
      // Object.entries forgets the type of the keys.
      return [Number(code), { name: name!, class: cls as OperationClass, size: Number(size) }] as const;
    }),
  ),
);

export const TYPE = {
  lastMonitored: 40,
  endOfInitialisation: 70,
  counterInterrogation: 101,
  fileCall: 122,
  segment: 125,
  directory: 126,
} as const;
/** Commands whose qualifier's first bit says select, and for time-tagged ones the same. */
export const hasSelect = (type: number): boolean => (type >= 45 && type <= 50) || (type >= 58 && type <= 63);
/** Where the qualifier stands in the element: the last byte of set points, the first of the others. */
export const selectAt = (type: number): number =>
  [48, 49, 61, 62].includes(type) ? 2 : type === 50 || type === 63 ? 4 : 0;

/** Causes of transmission (60870-5-101 section 7.2.3): who asks, who answers. */
export const CAUSE = {
  initialised: 4,
  request: 5,
  activation: 6,
  activationConfirmed: 7,
  deactivation: 8,
  deactivationConfirmed: 9,
  termination: 10,
  file: 13,
  unknownType: 44,
  unknownObject: 47,
} as const;
export const isCause = (cause: number): boolean =>
  (cause >= 1 && cause <= 13) || (cause >= 20 && cause <= 41) || (cause >= 44 && cause <= 47);

export const UFRAMES: ReadonlyMap<number, string> = new Map([
  [0x07, "STARTDT act"],
  [0x0b, "STARTDT con"],
  [0x13, "STOPDT act"],
  [0x23, "STOPDT con"],
  [0x43, "TESTFR act"],
  [0x83, "TESTFR con"],
]);
