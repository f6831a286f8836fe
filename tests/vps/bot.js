// A bot for pm2: says whether it finds a login, tells pm2 that it is ready, and ends on SIGINT once its "browser" (wakeep's
// stand-in) has ended.
const fs = require("fs");
const { spawn } = require("child_process");

console.log(fs.existsSync(".wwebjs_auth/session/Default") ? "ready" : "qr");
const session = process.cwd() + "/.wwebjs_auth/session";
const browser = spawn("wakeep", ["demo", "--bot", session], { stdio: ["pipe", "ignore", "inherit"] });
if (process.send) process.send("ready");
// pm2 signals the whole tree, the browser before the bot: it may be gone, and with it all that keeps this process alive, when
// the bot's own signal comes.
let ended = false;
browser.on("exit", () => (ended = true));
const alive = setInterval(() => {}, 1000);
const end = () => (clearInterval(alive), process.exit(0));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    // Into a file of its own: pm2 may have stopped reading what a process says that it ends.
    fs.appendFileSync("signals", signal + "\n");
    if (ended) return end();
    browser.on("exit", end);
    browser.stdin.end();
  });
}
