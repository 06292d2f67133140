//! What kind of program a `User-Agent` names.
//!
//! This file exists because a log's first question is who that is: people, crawlers, models' crawlers, a monitor, a script, or
//! somebody with a scanner. The name is the client's own word, so it is never more than a hint.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Kinds of user agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentClass {
    /// None was sent, or none is logged.
    #[default]
    Empty,
    /// None of the others.
    Other,
    /// A browser, by its word.
    Browser,
    /// A library or a tool of the command line.
    Tool,
    /// A search engine's or another service's crawler; previews of links too.
    Crawler,
    /// What looks whether the server is there: probes, uptime services, metrics.
    Monitor,
    /// A crawler or a fetcher of a language model.
    AiCrawler,
    /// A program that looks for holes, or maps the net.
    Scanner,
}

/// Parts of names in lower case, and what they mean. Where several fit, the class that comes last in [`AgentClass`] counts.
const NAMES: &[(&str, AgentClass)] = {
    use AgentClass::{AiCrawler, Browser, Crawler, Monitor, Scanner, Tool};
    &[
        ("mozilla/", Browser),
        ("opera/", Browser),
        ("curl/", Tool),
        ("wget/", Tool),
        ("httpie/", Tool),
        ("xh/", Tool),
        ("python", Tool),
        ("aiohttp", Tool),
        ("httpx/", Tool),
        ("urllib", Tool),
        ("scrapy/", Tool),
        ("go-http-client", Tool),
        ("go-resty", Tool),
        ("okhttp", Tool),
        ("axios/", Tool),
        ("node-fetch", Tool),
        ("node.js", Tool),
        ("undici", Tool),
        ("got (", Tool),
        ("java/", Tool),
        ("apache-httpclient", Tool),
        ("jersey/", Tool),
        ("reactor-netty", Tool),
        ("dart/", Tool),
        ("dart:io", Tool),
        ("guzzlehttp", Tool),
        ("php/", Tool),
        ("libwww-perl", Tool),
        ("lwp::", Tool),
        ("ruby", Tool),
        ("faraday", Tool),
        ("reqwest/", Tool),
        ("hyper/", Tool),
        ("ureq/", Tool),
        ("postmanruntime", Tool),
        ("insomnia/", Tool),
        ("bruno", Tool),
        ("powershell/", Tool),
        ("restsharp", Tool),
        ("cfnetwork", Tool),
        ("alamofire", Tool),
        ("git/", Tool),
        ("docker/", Tool),
        ("pip/", Tool),
        ("wrk/", Tool),
        ("k6/", Tool),
        ("oha/", Tool),
        ("vegeta", Tool),
        ("apachebench", Tool),
        ("headlesschrome", Tool),
        ("phantomjs", Tool),
        ("playwright", Tool),
        ("testclient", Tool),
        ("bot/", Crawler),
        ("bot;", Crawler),
        ("bot)", Crawler),
        ("+http", Crawler),
        ("crawler", Crawler),
        ("spider", Crawler),
        ("slurp", Crawler),
        ("googlebot", Crawler),
        ("google-inspectiontool", Crawler),
        ("mediapartners-google", Crawler),
        ("adsbot", Crawler),
        ("feedfetcher", Crawler),
        ("bingpreview", Crawler),
        ("facebookexternalhit", Crawler),
        ("slackbot", Crawler),
        ("whatsapp/", Crawler),
        ("telegrambot", Crawler),
        ("discordbot", Crawler),
        ("embedly", Crawler),
        ("mastodon/", Crawler),
        ("ia_archiver", Crawler),
        ("archive.org_bot", Crawler),
        ("feedly", Crawler),
        ("lighthouse", Crawler),
        ("kube-probe", Monitor),
        ("elb-healthchecker", Monitor),
        ("googlehc", Monitor),
        ("google-cloud-scheduler", Monitor),
        ("consul health check", Monitor),
        ("uptimerobot", Monitor),
        ("uptime-kuma", Monitor),
        ("pingdom", Monitor),
        ("statuscake", Monitor),
        ("site24x7", Monitor),
        ("betteruptime", Monitor),
        ("better stack", Monitor),
        ("hetrixtools", Monitor),
        ("freshping", Monitor),
        ("newrelicpinger", Monitor),
        ("datadog", Monitor),
        ("checkly", Monitor),
        ("updown.io", Monitor),
        ("nagios", Monitor),
        ("check_http", Monitor),
        ("zabbix", Monitor),
        ("prometheus/", Monitor),
        ("blackbox-exporter", Monitor),
        ("blackbox exporter", Monitor),
        ("grafana-agent", Monitor),
        ("monit/", Monitor),
        ("haproxy", Monitor),
        ("envoy/hc", Monitor),
        ("gptbot", AiCrawler),
        ("chatgpt-user", AiCrawler),
        ("oai-searchbot", AiCrawler),
        ("claudebot", AiCrawler),
        ("claude-web", AiCrawler),
        ("claude-user", AiCrawler),
        ("claude-searchbot", AiCrawler),
        ("anthropic-ai", AiCrawler),
        ("perplexitybot", AiCrawler),
        ("perplexity-user", AiCrawler),
        ("google-extended", AiCrawler),
        ("googleother", AiCrawler),
        ("ccbot", AiCrawler),
        ("bytespider", AiCrawler),
        ("amazonbot", AiCrawler),
        ("applebot-extended", AiCrawler),
        ("meta-externalagent", AiCrawler),
        ("meta-externalfetcher", AiCrawler),
        ("facebookbot", AiCrawler),
        ("cohere-ai", AiCrawler),
        ("diffbot", AiCrawler),
        ("youbot", AiCrawler),
        ("mistralai-user", AiCrawler),
        ("timpibot", AiCrawler),
        ("imagesiftbot", AiCrawler),
        ("omgili", AiCrawler),
        ("duckassistbot", AiCrawler),
        ("petalbot", AiCrawler),
        ("zgrab", Scanner),
        ("masscan", Scanner),
        ("nmap", Scanner),
        ("nuclei", Scanner),
        ("projectdiscovery", Scanner),
        ("httpx - open-source", Scanner),
        ("nikto", Scanner),
        ("sqlmap", Scanner),
        ("wpscan", Scanner),
        ("gobuster", Scanner),
        ("dirbuster", Scanner),
        ("feroxbuster", Scanner),
        ("fuzz faster", Scanner),
        ("wfuzz", Scanner),
        ("dirsearch", Scanner),
        ("whatweb", Scanner),
        ("acunetix", Scanner),
        ("nessus", Scanner),
        ("openvas", Scanner),
        ("qualys", Scanner),
        ("netsparker", Scanner),
        ("arachni", Scanner),
        ("jaeles", Scanner),
        ("censysinspect", Scanner),
        ("censys", Scanner),
        ("shodan", Scanner),
        ("internetmeasurement", Scanner),
        ("internet-measurement", Scanner),
        ("expanse", Scanner),
        ("paloaltonetworks", Scanner),
        ("netsystemsresearch", Scanner),
        ("leakix", Scanner),
        ("l9explore", Scanner),
        ("l9tcpid", Scanner),
        ("odin; https", Scanner),
        ("binaryedge", Scanner),
        ("onyphe", Scanner),
        ("zmap", Scanner),
        ("modatscanner", Scanner),
        ("visionheight", Scanner),
        ("hello, world", Scanner),
        ("hello world", Scanner),
        ("jndi:", Scanner),
        ("() {", Scanner),
    ]
};

static MATCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let names = NAMES.iter().map(|(name, _)| name);
    AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(names).ok()
});

impl AgentClass {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::Other,
        Self::Browser,
        Self::Tool,
        Self::Crawler,
        Self::Monitor,
        Self::AiCrawler,
        Self::Scanner,
    ];

    /// The kind that a `User-Agent` names.
    pub fn of(agent: &[u8]) -> Self {
        if agent.is_empty() || agent == b"-" {
            return Self::Empty;
        }
        let Some(matcher) = MATCHER.as_ref() else { return Self::Other };
        let found = matcher.find_overlapping_iter(agent);
        found.filter_map(|at| NAMES.get(at.pattern().as_usize())).map(|&(_, class)| class).max().unwrap_or(Self::Other)
    }

    /// What it is, as text says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "no user agent",
            Self::Other => "other",
            Self::Browser => "browser",
            Self::Tool => "tool or library",
            Self::Crawler => "crawler",
            Self::Monitor => "monitor",
            Self::AiCrawler => "AI crawler",
            Self::Scanner => "scanner",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_told_apart() {
        for (agent, class) in [
            ("", AgentClass::Empty),
            ("-", AgentClass::Empty),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0", AgentClass::Browser),
            (
                "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/126.0 Mobile Safari",
                AgentClass::Browser,
            ),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", AgentClass::Crawler),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                AgentClass::AiCrawler,
            ),
            ("Mozilla/5.0 (compatible; Nuclei - Open-source project)", AgentClass::Scanner),
            ("Mozilla/5.0 zgrab/0.x", AgentClass::Scanner),
            ("kube-probe/1.29", AgentClass::Monitor),
            ("curl/8.5.0", AgentClass::Tool),
            ("python-requests/2.32.3", AgentClass::Tool),
            ("MyApp 3", AgentClass::Other),
        ] {
            assert_eq!(AgentClass::of(agent.as_bytes()), class, "{agent}");
        }
    }
}
