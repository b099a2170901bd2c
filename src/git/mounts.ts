/**
 * Owns the mounts of this process: it runs in a mount namespace of its own, so nobody else sees them, and the kernel removes
 * them with the last process in it, however that ends. A small `sh` that came into the namespace with us, and may mount
 * there where we may not, makes them: an ordinary user is root in the namespace's eyes, and we are not that root.
 */
import { spawnSync } from "node:child_process";
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { gitLimits } from "../domain/limits.ts";

/**
 * Only what has to be a program of its own: `mount` and `umount`. Five lines are one order, one line is its answer. To unmount
 * takes as long as much was looked at there, so nobody waits for it who does not have to.
 */
const helperScript = `
trap '' HUP INT QUIT TERM PIPE
carry_out() {
  said=$(cd "$folder" && "$@" 2>&1)
  code=$?
  [ $code = 0 ] || said=$(printf %s "$said" | tr '\\n' ' ')
  printf '%s %s %s\\n' "$id" "$code" "$said"
}
while IFS= read -r id && IFS= read -r folder && IFS= read -r what && IFS= read -r options && IFS= read -r place; do
  case $what in
    mount) carry_out mount -t overlay -o "$options" longhaul "$place" ;;
    unmount) carry_out umount -l "$place" & ;;
  esac
done
`;

/** `HELPER PROGRAM…`: starts the helper with the other ends of our descriptors 3 and 4, and becomes the program. */
const enterScript = `
folder=$(mktemp -d) && mkfifo "$folder/orders" "$folder/answers" || exit 125
env -i PATH="$PATH" /bin/sh -c "$1" longhaul-mounts <"$folder/orders" >"$folder/answers" 2>/dev/null &
exec 3>"$folder/orders" 4<"$folder/answers"
rm -r "$folder"
shift
exec "$@"
`;

const [ordersFile, answersFile] = [3, 4] as const;

/** What runs `program` in a namespace of its own, as the same user, with `openMounts` there. */
export function inOwnMounts(program: readonly string[]): [string, ...string[]] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const enter = ["/bin/sh", "-c", enterScript, "longhaul", helperScript];
  if (uid === 0) return ["unshare", "--mount", "--propagation", "private", "--", ...enter, ...program];
  // Back to who we are, in a namespace within: without the rights of the one around it.
  const asOurselves = ["unshare", `--map-user=${uid}`, `--map-group=${gid}`, "--"];
  return [
    "unshare",
    "--map-root-user",
    "--mount",
    "--propagation",
    "private",
    "--",
    ...enter,
    ...asOurselves,
    ...program,
  ];
}

/** Why there can be no such namespace here; null: there can. */
export function whyNoMounts(path: string): string | null {
  if (process.platform !== "linux") return "only Linux has mounts of one's own";
  const [program, ...words] = inOwnMounts(["true"]);
  const tried = spawnSync(program, words, {
    env: { PATH: path },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (tried.status === 0) return null;
  return tried.error?.message ?? (tried.stderr.trim().split("\n")[0] || `unshare ended with ${tried.status}`);
}

type Waiting = { settle(answer: string): void; timer: NodeJS.Timeout };
const answerLine = /^(\d+) (\d+ .*)$/;

export class Mounts {
  readonly #orders: Socket;
  readonly #answers: Socket;
  readonly #waiting = new Map<string, Waiting>();
  /** What undoes mounts that nobody waits for any more. */
  readonly #late = new Map<string, () => void>();
  #ordered = 0;
  #line = "";
  #broken: Error | null = null;

  /** Once, in a process that `inOwnMounts` has started. */
  constructor() {
    for (const file of [ordersFile, answersFile])
      if (!fstatSync(file).isFIFO()) throw new Error(`descriptor ${file} leads to nobody who makes mounts`);
    this.#orders = new Socket({ fd: ordersFile, readable: false, writable: true });
    this.#answers = new Socket({ fd: answersFile, readable: true, writable: false });
    this.#answers.setEncoding("utf8").on("data", (text: string) => this.#came(text));
    this.#answers.on("close", () => this.#break(new Error("the helper that makes mounts has ended")));
    for (const end of [this.#orders, this.#answers]) {
      end.on("error", (error) => this.#break(error));
      end.unref();
    }
  }

  /** An overlay at `place`; it and paths in `options` are relative to `folder`. Rejects with what `mount` says. */
  mount(folder: string, options: string, place: string): Promise<void> {
    return this.#order(folder, "mount", options, place);
  }

  /** It is gone for all that comes; who still is in there keeps it for as long. */
  unmount(folder: string, place: string): Promise<void> {
    return this.#order(folder, "unmount", "", place);
  }

  async #order(folder: string, what: string, options: string, place: string): Promise<void> {
    if (this.#broken) throw this.#broken;
    const answer = await new Promise<string>((settle) => {
      this.#answers.ref();
      const id = String(++this.#ordered);
      // In a process that was frozen for so long the answer may have come, and is read before what is immediate.
      const timer = setTimeout(() => setImmediate(() => this.#giveUp(id, what, folder, place)), gitLimits.mountMs);
      this.#waiting.set(id, { settle, timer });
      this.#orders.write(`${id}\n${folder}\n${what}\n${options}\n${place}\n`);
    });
    if (answer.startsWith("0 ")) return;
    throw new Error(`${what} of ${place} in ${folder} (${options}): ${answer}`);
  }

  #came(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      const [, id = "", answer = ""] = answerLine.exec(line) ?? [];
      this.#settle(id, answer);
      if (answer.startsWith("0 ")) this.#late.get(id)?.();
      this.#late.delete(id);
    }
  }

  /** Others may fare better: what keeps one mount waiting is no reason to have no more. */
  #giveUp(id: string, what: string, folder: string, place: string): void {
    if (!this.#waiting.has(id)) return;
    // Where it cannot be undone either, it ends with this process.
    if (what === "mount") this.#late.set(id, () => void this.unmount(folder, place).catch(() => undefined));
    this.#settle(id, `no answer within ${gitLimits.mountMs} ms`);
  }

  #settle(id: string, answer: string): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.settle(answer);
    if (this.#waiting.size === 0) this.#answers.unref();
  }

  #break(error: Error): void {
    this.#broken ??= error;
    for (const id of this.#waiting.keys()) this.#settle(id, this.#broken.message);
  }
}
