/**
 * OPC UA services by class, under the identifier of their request's binary encoding (part 6, and NodeIds.csv). An answer's
 * identifier is its request's and three more, but for the two services that came later: one more.
 */
import { meanings } from "./frames.ts";

export const SERVICE = {
  getEndpoints: 428,
  openChannel: 446,
  createSession: 461,
  browse: 527,
  read: 631,
  write: 673,
  call: 712,
} as const;

/**
 * Subscribing is how values are read, and belongs to the client's session; taking another session's subscriptions over is
 * not. A method may do anything, so a call controls.
 */
export const SERVICES = meanings({
  session: {
    446: "OpenSecureChannel",
    452: "CloseSecureChannel",
    461: "CreateSession",
    467: "ActivateSession",
    473: "CloseSession",
    479: "Cancel",
    560: "RegisterNodes",
    566: "UnregisterNodes",
  },
  discover: { 422: "FindServers", 428: "GetEndpoints", 12208: "FindServersOnNetwork" },
  read: {
    527: "Browse",
    533: "BrowseNext",
    554: "TranslateBrowsePathsToNodeIds",
    615: "QueryFirst",
    621: "QueryNext",
    631: "Read",
    664: "HistoryRead",
    751: "CreateMonitoredItems",
    763: "ModifyMonitoredItems",
    769: "SetMonitoringMode",
    775: "SetTriggering",
    781: "DeleteMonitoredItems",
    787: "CreateSubscription",
    793: "ModifySubscription",
    799: "SetPublishingMode",
    826: "Publish",
    832: "Republish",
    847: "DeleteSubscriptions",
  },
  write: {
    437: "RegisterServer",
    488: "AddNodes",
    494: "AddReferences",
    500: "DeleteNodes",
    506: "DeleteReferences",
    673: "Write",
    700: "HistoryUpdate",
    12211: "RegisterServer2",
  },
  control: { 712: "Call", 841: "TransferSubscriptions" },
});
export const SERVICE_FAULT = 397;
const LATER: readonly number[] = [12209, 12212];

/** The request that a response answers; 0 where the identifier is no response's. */
export function requestOf(id: number): number {
  const request = LATER.includes(id) ? id - 1 : id - 3;
  return SERVICES.has(request) ? request : 0;
}

/** Nodes of namespace 0 that say what a server is: its status and the BuildInfo within. */
const IDENTITY_NODES = new Set([2254, 2255, 2256, 2260, 2261, 2262, 2263, 2264, 2265, 2266]);
export const isIdentity = (node: string): boolean => node.startsWith("i=") && IDENTITY_NODES.has(Number(node.slice(2)));
/** GetMonitoredItems of the Server object: a method that only asks. */
export const ASKING_METHODS: readonly string[] = ["i=11492"];

export const BUILD_INFO = 340;
export const SERVER_STATUS = 864;
