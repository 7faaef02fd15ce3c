/** The order of judged conversations in a result: by their beginning, then by id. */
import type { ConversationRow } from "./result.ts";

export function compareConversations(a: ConversationRow, b: ConversationRow): number {
  if (a.first_seen !== b.first_seen) return a.first_seen < b.first_seen ? -1 : 1;
  return a.conversation_id < b.conversation_id ? -1 : a.conversation_id > b.conversation_id ? 1 : 0;
}
