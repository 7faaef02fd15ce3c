/** Kerberos' message types by their application tags (RFC 4120 section 5.10), and its errors (section 7.5.9). */

export interface KerberosType {
  name: string;
  sender: "client" | "server" | null;
}

export const KERBEROS_TYPES = new Map<number, KerberosType>([
  [10, { name: "AS-REQ", sender: "client" }],
  [11, { name: "AS-REP", sender: "server" }],
  [12, { name: "TGS-REQ", sender: "client" }],
  [13, { name: "TGS-REP", sender: "server" }],
  [14, { name: "AP-REQ", sender: "client" }],
  [15, { name: "AP-REP", sender: "server" }],
  [30, { name: "KRB-ERROR", sender: "server" }],
]);
export const KRB = { asReq: 10, asRep: 11, tgsReq: 12, tgsRep: 13, error: 30 } as const;

const ERRORS = new Map<number, string>([
  [0, "KDC_ERR_NONE"],
  [3, "KDC_ERR_BAD_PVNO"],
  [6, "KDC_ERR_C_PRINCIPAL_UNKNOWN"],
  [7, "KDC_ERR_S_PRINCIPAL_UNKNOWN"],
  [12, "KDC_ERR_POLICY"],
  [13, "KDC_ERR_BADOPTION"],
  [14, "KDC_ERR_ETYPE_NOSUPP"],
  [18, "KDC_ERR_CLIENT_REVOKED"],
  [23, "KDC_ERR_KEY_EXPIRED"],
  [24, "KDC_ERR_PREAUTH_FAILED"],
  [25, "KDC_ERR_PREAUTH_REQUIRED"],
  [29, "KDC_ERR_SVC_UNAVAILABLE"],
  [31, "KRB_AP_ERR_BAD_INTEGRITY"],
  [32, "KRB_AP_ERR_TKT_EXPIRED"],
  [33, "KRB_AP_ERR_TKT_NYV"],
  [34, "KRB_AP_ERR_REPEAT"],
  [37, "KRB_AP_ERR_SKEW"],
  [41, "KRB_AP_ERR_MODIFIED"],
  [52, "KRB_ERR_RESPONSE_TOO_BIG"],
  [60, "KRB_ERR_GENERIC"],
  [68, "KDC_ERR_WRONG_REALM"],
]);

/** `KRB_AP_ERR_SKEW`; an unknown one `error 99`. */
export const kerberosError = (code: number): string => ERRORS.get(code) ?? `error ${code}`;

/** Errors that lead on to the next step: a password is wanted, the answer needs TCP. */
export const LEADS_ON: readonly number[] = [25, 52];
