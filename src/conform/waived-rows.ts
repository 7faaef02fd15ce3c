/** Conversations' rows with what the site waives, as objects and packed. */
import type { PackedRows } from "../report/packed-rows.ts";
import type { ConversationRow } from "../report/result.ts";
import type { Judged } from "./judged.ts";
import type { Waivers } from "./waive.ts";

/** A conversation's row, with the waiver that covers it where one does. */
export function waivedRow(judged: Judged, waivers: Waivers): ConversationRow | null {
  const { row, verdict, initiatorRoles } = judged;
  if (row === null || (verdict !== "undocumented" && verdict !== "violation")) return row;
  const waived = waivers.isEmpty
    ? null
    : waivers.ofConversation(
        row,
        initiatorRoles.map(({ role }) => role),
      );
  judged.waived = waived;
  if (waived !== row.waived) judged.row = { ...row, waived };
  return judged.row;
}

/** Lets go of the row as an object; its number among the packed ones. */
export function packRow(judged: Judged, waivers: Waivers, packed: PackedRows): number {
  const row = packed.add(waivedRow(judged, waivers)!);
  judged.row = null;
  return row;
}
