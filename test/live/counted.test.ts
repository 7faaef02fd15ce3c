/** Whatever happens, each packet that passed was read or is counted as lost. */
import { labTest } from "./lab.ts";
import { end, READING, scene, stored } from "./scene.ts";

const ENGINES = ["libpcap", "child"] as const;
const OUTER = "10.20.0.53";
/** More than a buffer of 1 MiB holds. */
const MANY = 20_000;

async function counted(db: string): Promise<{ read: number; lost: number }> {
  const { quality } = await stored(db);
  return { read: Number(quality.packets), lost: Number(quality.drops) };
}

for (const engine of ENGINES) {
  labTest(`on the loopback interface a packet counts once: ${engine}`, async (t) => {
    const { lab, db } = scene(t, `lo-${engine}`);
    const live = lab.wirepact(["live", "-i", "lo", "--engine", engine, "--db", db]);
    await live.says(/Reading lo/);
    await lab.flood("127.0.0.1", 300);
    t.is(await end(live), 0);
    const { read, lost } = await counted(db);
    t.is(read + lost, 300, `${read} read, ${lost} lost`);
  });

  labTest(`a run that gets no time, with too small a buffer, and is stopped then: ${engine}`, async (t) => {
    const { lab, db } = scene(t, `starved-${engine}`);
    const words = ["live", "-i", "eth0", "--engine", engine, "--buffer-size", "1M", "--db", db];
    const live = lab.wirepact(words);
    await live.says(READING);
    const before = lab.passed();
    live.child.kill("SIGSTOP");
    await lab.flood(OUTER, MANY);
    const passed = lab.passed() - before;
    live.child.kill("SIGINT");
    live.child.kill("SIGCONT");
    t.is(await live.ended, 0);
    const { read, lost } = await counted(db);
    t.is(read + lost, passed, `${read} read, ${lost} lost`);
    if (engine === "libpcap") t.true(lost > 0);
  });
}

labTest("an interface that is removed while packets wait: they are read", async (t) => {
  const { lab, db } = scene(t, "gone-waiting");
  const live = lab.wirepact(["live", "-i", "eth0", "--db", db]);
  await live.says(READING);
  const before = lab.passed();
  live.child.kill("SIGSTOP");
  await lab.flood(OUTER, 1000);
  const passed = lab.passed() - before;
  lab.ip("link", "del", "eth0");
  live.child.kill("SIGCONT");
  t.is(await live.ended, 3);
  t.deepEqual(await counted(db), { read: passed, lost: 0 });
});
