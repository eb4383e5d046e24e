// A server that takes a moment to stop in good order, and writes down every signal that it gets:
// in a file, since the pipes of whoever started it may be gone before it is.
import { appendFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const draining = 150; // milliseconds

export async function serve(port) {
    const note = (line) => appendFileSync(`server-${port}.log`, `${line}\n`);
    let stopping = false;
    const server = createServer((_, response) => response.end("ok\n"));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
        process.on(signal, () => {
            note(signal);
            if (stopping) return;
            stopping = true;
            server.close();
            setTimeout(() => {
                note("stopped");
                process.exit(0);
            }, draining);
        });
    }
    if (process.env.READS_INPUT) {
        process.stdin.on("data", (text) => note(`read ${String(text).trim()}`));
    }
    // Where there is a gate the test opens it, by making that file, before the port is tried.
    const gate = process.env.GATE;
    while (gate && !existsSync(gate)) await pause(20);
    server.listen(port, "127.0.0.1", () => {
        note(`serving ${process.pid}`);
        console.log(`serving ${port}`);
    });
}
