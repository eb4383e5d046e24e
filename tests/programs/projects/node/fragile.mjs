// A server with a fault, once it serves: LEAKS grows without end, CRASHES_AFTER that many
// milliseconds. With FAULTS=1 only the first run has it.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

appendFileSync("runs.log", `run ${process.pid}\n`);
const runs = readFileSync("runs.log", "utf8").split("\n").length - 1;
const kept = [];

createServer((_, response) => response.end("ok\n")).listen(process.env.PORT, "127.0.0.1", () => {
    if (runs > Number(process.env.FAULTS ?? Infinity)) return;
    if (process.env.LEAKS) setInterval(() => kept.push(Buffer.alloc(8 << 20, 1)), 20);
    if (process.env.CRASHES_AFTER) setTimeout(() => process.exit(3), process.env.CRASHES_AFTER);
});
