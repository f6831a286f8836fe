// A bot for pm2: says whether it finds a login, tells pm2 that it is ready, and ends on SIGINT once its "browser" (wakeep's
// stand-in) has ended.
const fs = require("fs");
const { spawn } = require("child_process");

console.log(fs.existsSync(".wwebjs_auth/session/Default") ? "ready" : "qr");
const session = process.cwd() + "/.wwebjs_auth/session";
const browser = spawn("wakeep", ["demo", "--bot", session], { stdio: ["pipe", "ignore", "inherit"] });
if (process.send) process.send("ready");
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    console.log("got " + signal);
    browser.on("exit", () => process.exit(0));
    browser.stdin.end();
  });
}
