/** A small site, a model of a few lines and frames made by hand: what is judged in the tests of this folder. */
import type { Frame } from "../../src/capture/frame.ts";
import { loadJudging } from "../../src/judging.ts";
import { loadModel } from "../../src/model/load.ts";
import type { Model } from "../../src/model/types.ts";
import type { RunOptions } from "../../src/pipeline.ts";
import { numbered } from "../support/frames.ts";
import { type Judged, judgeFrames, type Trial } from "../support/judged.ts";
import { observe } from "../support/observe.ts";

export const HOST = "10.0.0.5";
export const PEER = "10.0.0.6";
export const RESOLVER = "10.0.0.53";

export interface Scene {
  /** Lines of `rules:`, each one rule; `from: host`, `cite` and `requirement: required` are filled in. */
  rules: readonly Record<string, unknown>[];
  endpoints?: Record<string, unknown>;
  /** `host` is bound to `HOST` unless given. */
  bind?: readonly string[];
  site?: Record<string, unknown>;
  parameters?: Record<string, unknown>;
  minSpanSec?: number;
  frames: readonly Frame[];
  /** The frames stand as given, not in the order of their times. */
  asWritten?: boolean;
  /** Filters that kept frames from the capture. */
  filters?: readonly string[];
  /** Of each capture, where a frame's `capture` says of which it is: its realm. */
  realms?: readonly string[];
}

export function modelOf(scene: Pick<Scene, "rules" | "endpoints" | "parameters">): Model {
  const rules = scene.rules.map((rule) => ({
    from: "host",
    requirement: "required",
    cite: { section: "1" },
    ...rule,
  }));
  const { endpoints = {}, parameters = {} } = scene;
  const roles = { host: null, peer: null };
  const text = { wirepact: 1, model: "m", document: { title: "D" }, roles, endpoints, parameters, rules };
  const { model, problems } = loadModel(JSON.stringify(text), "m.yaml");
  if (model === null || problems.some(({ severity }) => severity === "error"))
    throw new Error(problems.map(({ message }) => message).join("\n"));
  return model;
}

export async function trialOf(scene: Scene): Promise<Trial> {
  const model = modelOf(scene);
  const { loadSite } = await import("../../src/model/site.ts");
  const site = scene.site === undefined ? null : loadSite(JSON.stringify(scene.site), "site.yaml", () => "").site;
  const judging = await loadJudging({
    models: [model],
    site,
    bind: scene.bind ?? [`host=${HOST}`],
    set: [],
    background: true,
  });
  const options: RunOptions = {
    captures: [],
    ...judging,
    scope: "judged",
    infer: false,
    minSpanSec: scene.minSpanSec ?? 300,
    asOf: null,
    strict: false,
    command: "",
  };
  const byTime = (a: Frame, b: Frame): number => (scene.asWritten === true ? 0 : a.sec - b.sec || a.nsec - b.nsec);
  const frames = numbered([...scene.frames].sort(byTime));
  const { filters = [], realms = ["default"] } = scene;
  const captures = observe(frames).captures.flatMap((one) => realms.map((realm) => ({ ...one, filters, realm })));
  return { name: "scene", frames, captures, options };
}

/** The scene judged, and the trial for more. */
export async function play(scene: Scene): Promise<{ trial: Trial; said: Judged }> {
  const trial = await trialOf(scene);
  return { trial, said: judgeFrames(trial, trial.frames) };
}
