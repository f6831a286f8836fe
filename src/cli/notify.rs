//! `wakeep notify test`: one test through each channel, now, and what came of it.

use super::context::Context;
use super::exit::Exit;
use crate::error::{Error, Result};
use crate::keeper::notice::channel;
use crate::keeper::notice::channel::ping::{Beat, Ping};
use crate::notice::{News, Notice, Undelivered};
use crate::text::Phrase;
use serde_json::json;

/// Tries every channel; fails if one does.
pub fn test(context: &Context) -> Result<Exit> {
    let (config, lang) = (&context.config.notify, context.show.lang);
    let (channels, errors) = channel::all(config, lang);
    errors.iter().for_each(|e| context.show.error(e));
    let ping = Ping::of(config);
    if channels.is_empty() && ping.is_none() && errors.is_empty() {
        let problem = lang.phrase(Phrase::NoChannel).into();
        return Err(Error::Config { place: "wakeep.toml".into(), problem, suggestion: Some("notify_webhook".into()) });
    }
    let notice = Notice {
        time: context.now,
        host: context.host.clone(),
        session: "wakeep".to_owned(),
        account: None,
        news: News::Test,
    };
    let mut tried = Vec::new();
    for channel in &channels {
        let sent = channel.deliver(std::slice::from_ref(&notice), context.now);
        tried.push((channel.name(), channel.host().to_owned(), sent));
    }
    tried.extend(ping.map(|ping| ("ping", ping.host().to_owned(), ping.send(&Beat::Good))));
    let failed = !errors.is_empty() || tried.iter().any(|(_, _, sent)| sent.is_err());
    say(context, &tried);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn say(context: &Context, tried: &[(&str, String, std::result::Result<(), Undelivered>)]) {
    let (show, lang) = (&context.show, context.show.lang);
    if show.json {
        let one = |(name, host, sent): &(&str, String, std::result::Result<(), Undelivered>)| {
            let error = sent.err().map(|why| lang.why_undelivered(why));
            json!({"channel": name, "host": host, "delivered": sent.is_ok(), "error": error})
        };
        return show.object(&json!({"channels": tried.iter().map(one).collect::<Vec<_>>()}));
    }
    for (name, host, sent) in tried {
        match sent {
            Ok(()) => show.line(&lang.delivered(name, host)),
            Err(why) => show.line(&lang.undelivered(name, host, *why)),
        }
    }
}
