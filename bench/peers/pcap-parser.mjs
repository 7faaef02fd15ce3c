// The npm package pcap-parser over one capture: what a JavaScript program gets that reads records as events.
import { parse } from "pcap-parser";

let packets = 0;
const parser = parse(process.argv[2]);
parser.on("packet", () => packets++);
parser.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
parser.on("end", () => console.log(packets));
