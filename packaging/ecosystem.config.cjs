// A WhatsApp bot under pm2 that never has to scan its QR code again. Copy what you need into your own file; wakeep
// never rewrites it.
//
// The bot stays pm2's own process, so max_memory_restart, wait_ready, `pm2 reload` and `pm2 monit` work as ever. Before
// its first line the shell restores the login, if it needs it, and then becomes the bot (exec). Keeping is a second app,
// or `wakeep.service` where `sudo wakeep setup` made one: then leave the second app out.
//
// Let `wakeep.toml` name this app (bot_pm2 = "nord-laundry-bot"), and a restore stops and starts it by itself.
module.exports = {
  apps: [
    {
      name: "nord-laundry-bot",
      cwd: __dirname,
      script: "/bin/sh",
      // The bot starts whatever the restore says, but for 11: another host has the lease, and two with one login get both
      // unlinked. Then this ends, and pm2 tries again.
      args: ["-c", "wakeep restore --before-start; test $? -eq 11 || exec node bot.js"],
      // pm2 sends SIGINT and then, after kill_timeout, SIGKILL. Puppeteer answers SIGINT by killing its browser, and the last
      // seconds of what that held (localStorage) never reach the disk; client.destroy() mostly comes too late. What keeps
      // them (12 of 12: docs/reliability.md) is a bot that closes the browser itself:
      //
      //   const own = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
      //   const client = new Client({ puppeteer: { ...own }, authStrategy: new LocalAuth() });
      //   for (const signal of ["SIGINT", "SIGTERM"]) {
      //     process.once(signal, () => {
      //       const browser = client.pupBrowser.process();
      //       if (!browser.kill("SIGTERM")) process.exit(0); // it has ended already
      //       browser.once("exit", () => process.exit(0));
      //     });
      //   }
      kill_timeout: 15000,
      // Two processes on one profile lose the login of both.
      instances: 1,
      exec_mode: "fork",
      max_memory_restart: "1G",
      // A bot that asks for a QR code isn't helped by being started again and again.
      exp_backoff_restart_delay: 1000,
    },
    {
      name: "wakeep",
      cwd: __dirname,
      script: "wakeep",
      args: "watch",
      interpreter: "none",
      // Longer than last_archive_wait: the keeper waits for the bot to let go, then archives once more.
      kill_timeout: 60000,
    },
  ],
};
