// Each statement is a mistake that the types must see: `check-package.mjs` expects one error a line that ends in "wrong".
import { check, type Finding, readModel } from "wirepact";

check({ captures: "span.pcap" }); // wrong
check({ captures: ["span.pcap"], modles: ["opswat-sdp"] }); // wrong
const model: string = await readModel("opswat-sdp"); // wrong
for await (const finding of check({ captures: ["span.pcap"] })) finding.verdikt; // wrong
const kind: Finding["kind"] = "conversations"; // wrong

export { kind, model };
