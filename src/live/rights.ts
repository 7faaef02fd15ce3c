/**
 * Rights are needed to open an interface and for nothing after that. A process that was started as root becomes an
 * ordinary user once everything is open, for good.
 */
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import type { Native } from "./libpcap.ts";

export interface User {
  name: string;
  uid: number;
  gid: number;
}

/** `PR_SET_NO_NEW_PRIVS` of prctl(2): no program that is started from here on gains rights by its file's mode. */
const PR_SET_NO_NEW_PRIVS = 38;

/**
 * Who the process should become: the user asked for (a name or a number), else whoever called sudo. Null where it is
 * not root, where root was asked for, or where nobody is named. UsageError where there is no such user.
 */
export function userFor(asked: string | undefined, env: Record<string, string | undefined>): User | null {
  if (process.getuid?.() !== 0) {
    if (asked !== undefined)
      throw new UsageError(`--user ${asked}: only a process that was started as root can become another user`);
    return null;
  }
  const name = asked ?? env.SUDO_USER;
  if (name === undefined || name === "root" || name === "0") return null;
  const user = findUser(readFileSync("/etc/passwd", "utf8"), name);
  if (user !== null) return user;
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  // Users of a directory service are not in that file; sudo says their numbers.
  if (asked === undefined && Number.isInteger(uid) && uid > 0 && Number.isInteger(gid)) return { name, uid, gid };
  throw new UsageError(`--user ${name}: there is no such user in /etc/passwd`);
}

/** passwd(5): name, password, uid, gid … */
export function findUser(passwd: string, wanted: string): User | null {
  for (const line of passwd.split("\n")) {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    if (name !== "" && (name === wanted || uid === wanted)) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** Groups first, for only root may change them. Throws where the system refuses: then nothing may be read. */
export function become(user: User): void {
  process.setgroups?.([user.gid]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  if (process.getuid?.() !== user.uid || process.geteuid?.() !== user.uid)
    throw new Error(`could not become ${user.name}`);
}

/** True where the system promises it. */
export function noNewPrivileges(native: Native): boolean {
  return native.c.control !== null && native.c.control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0;
}
