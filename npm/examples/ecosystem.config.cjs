// pm2 start ecosystem.config.cjs: the bot, its login back before its first line, and its keeper beside it.
const { withWakeep } = require('wakeep');

module.exports = {
  apps: withWakeep({ name: 'nord-laundry-bot', script: 'bot.js', cwd: __dirname, max_memory_restart: '1G' }),
};
