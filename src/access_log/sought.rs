//! What scanners ask every host for: files that hold secrets, programs of another world, and ways into any of them.
//!
//! This file exists because such requests say nothing about the proxy or the app, and yet look like every fault of a path
//! there is. It is a table of names; whether one was given out is for the rules to say (`SC01`, `SC02`). Names that an app
//! may well have of its own (`/admin`, `/login`, `/config.json`, `/metrics`) are not in it.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// What a path is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sought {
    /// A file of environment variables.
    Environment,
    /// The folder of a version control system.
    Repository,
    /// Another hidden file or folder that should be nobody else's.
    Hidden,
    /// A copy of a database or of the whole site.
    Backup,
    /// A file outside of what is served.
    Traversal,
    /// A hole to run or read something through: SQL, script, template, JNDI.
    Injection,
    /// A script of a language that is not Python.
    Script,
    /// A program that is not written in Python.
    Program,
    /// A router, a camera, a mail or VPN gateway.
    Appliance,
}

use Sought::{Appliance, Backup, Hidden, Injection, Program, Repository, Script, Traversal};

/// Whole segments, in lower case and order.
const SEGMENTS: &[(&str, Sought)] = &[
    (".aws", Hidden),
    (".azure", Hidden),
    (".bash_history", Hidden),
    (".bashrc", Hidden),
    (".boto", Hidden),
    (".bzr", Repository),
    (".cvs", Repository),
    (".docker", Hidden),
    (".dockercfg", Hidden),
    (".dockerenv", Hidden),
    (".ds_store", Hidden),
    (".ftpconfig", Hidden),
    (".git", Repository),
    (".git-credentials", Hidden),
    (".gitlab-ci.yml", Hidden),
    (".hg", Repository),
    (".htaccess", Hidden),
    (".htpasswd", Hidden),
    (".idea", Hidden),
    (".kube", Hidden),
    (".my.cnf", Hidden),
    (".mysql_history", Hidden),
    (".netrc", Hidden),
    (".npmrc", Hidden),
    (".pgpass", Hidden),
    (".pypirc", Hidden),
    (".s3cfg", Hidden),
    (".ssh", Hidden),
    (".svn", Repository),
    (".svn-base", Hidden),
    (".travis.yml", Hidden),
    (".vscode", Hidden),
    ("_all_dbs", Program),
    ("_ignition", Program),
    ("_profiler", Program),
    ("actuator", Program),
    ("adminer", Program),
    ("appwsinterface", Appliance),
    ("autodiscover", Appliance),
    ("boaform", Appliance),
    ("boot.ini", Traversal),
    ("cgi-bin", Program),
    ("clientaccesspolicy.xml", Program),
    ("config.inc", Script),
    ("currentsetting.htm", Appliance),
    ("dana-na", Appliance),
    ("device.rsp", Appliance),
    ("elfinder", Program),
    ("elmah.axd", Program),
    ("evox", Appliance),
    ("fckeditor", Program),
    ("formlogin", Appliance),
    ("global-protect", Appliance),
    ("goform", Appliance),
    ("gponform", Appliance),
    ("hnap1", Appliance),
    ("host-manager", Program),
    ("id_dsa", Hidden),
    ("id_ed25519", Hidden),
    ("id_rsa", Hidden),
    ("invoker", Program),
    ("isapi", Appliance),
    ("jmx-console", Program),
    ("jolokia", Program),
    ("joomla", Program),
    ("logon.aspx", Appliance),
    ("magento_version", Program),
    ("myadmin", Program),
    ("nmaplowercheck", Program),
    ("onvif", Appliance),
    ("owa", Appliance),
    ("phpinfo", Program),
    ("phpmyadmin", Program),
    ("phpunit", Program),
    ("pma", Program),
    ("portal.mwsl", Appliance),
    ("securityrealm", Program),
    ("server-info", Program),
    ("server-status", Program),
    ("sftp-config.json", Hidden),
    ("solr", Program),
    ("sslvpn", Appliance),
    ("stalker_portal", Program),
    ("struts", Program),
    ("thinkphp", Program),
    ("trace.axd", Program),
    ("typo3", Program),
    ("web-inf", Program),
    ("web.config", Hidden),
    ("webfig", Appliance),
    ("win.ini", Traversal),
    ("wordpress", Program),
    ("wp-admin", Program),
    ("wp-content", Program),
    ("wp-includes", Program),
    ("wp-json", Program),
    ("wp-login", Program),
    ("xampp", Program),
    ("xxl-job-admin", Program),
];

/// Two segments that mean something only together, in lower case.
const PAIRS: &[(&str, &str, Sought)] = &[
    ("_cat", "indices", Program),
    ("debug", "default", Program),
    ("etc", "passwd", Traversal),
    ("etc", "shadow", Traversal),
    ("jenkins", "script", Program),
    ("manager", "html", Program),
    ("manager", "text", Program),
    ("nacos", "v1", Program),
    ("proc", "self", Traversal),
    ("remote", "fgt_lang", Appliance),
    ("telescope", "requests", Program),
];

/// Endings, in lower case.
const ENDINGS: &[(&str, Sought)] = &[
    ("php", Script),
    ("php3", Script),
    ("php4", Script),
    ("php5", Script),
    ("php7", Script),
    ("php8", Script),
    ("phps", Script),
    ("phtml", Script),
    ("asp", Script),
    ("aspx", Script),
    ("ashx", Script),
    ("asmx", Script),
    ("jsp", Script),
    ("jspx", Script),
    ("jspa", Script),
    ("cfm", Script),
    ("cgi", Script),
    ("sql", Backup),
    ("sql~", Backup),
    ("bak", Backup),
    ("swp", Backup),
    ("mdb", Backup),
    ("sqlite3", Backup),
];

/// Endings of archives, in lower case. A copy of a database is one whatever it is called; anything else only by its name.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"];

/// What copies of everything are called at the root of a host, in lower case.
const COPIES: &[&str] = &[
    "back",
    "backup",
    "backups",
    "bak",
    "database",
    "db",
    "db-backup",
    "db_backup",
    "dump",
    "htdocs",
    "mysql",
    "public_html",
    "site-backup",
    "site_backup",
    "sitebackup",
    "sql",
    "wwwroot",
    "www",
];

/// Parts of a path, in lower case. Each has a byte that is neither plain nor a slash or dot, or two dots.
const PARTS: &[(&str, Sought)] = &[
    ("/../", Traversal),
    ("..%2f", Traversal),
    ("..%5c", Traversal),
    ("..%c0%af", Traversal),
    ("..%252f", Traversal),
    (".%2e/", Traversal),
    ("%2e./", Traversal),
    ("%2e%2e", Traversal),
    ("%252e%252e", Traversal),
    ("%%32%65", Traversal),
    ("..\\", Traversal),
    ("..;/", Traversal),
    ("etc%2fpasswd", Traversal),
    ("jndi:", Injection),
    ("jndi%3a", Injection),
    ("<script", Injection),
    ("%3cscript", Injection),
    ("/+cscoe+/", Appliance),
];

/// Parts of a query, in lower case. An attack with one of these has a byte that is not plain.
const QUERY: &[(&str, Sought)] = &[
    ("../../", Traversal),
    ("..%2f..", Traversal),
    ("%2e%2e%2f", Traversal),
    ("%2e%2e/", Traversal),
    ("..\\..", Traversal),
    ("..%5c..", Traversal),
    ("/etc/passwd", Traversal),
    ("etc%2fpasswd", Traversal),
    ("proc/self/environ", Traversal),
    ("file:///etc", Traversal),
    ("<script", Injection),
    ("%3cscript", Injection),
    ("onerror=alert", Injection),
    ("javascript:alert", Injection),
    ("jndi:", Injection),
    ("jndi%3a", Injection),
    ("union select", Injection),
    ("union+select", Injection),
    ("union%20select", Injection),
    ("union all select", Injection),
    ("union%20all%20select", Injection),
    ("union+all+select", Injection),
    ("union/**/select", Injection),
    ("information_schema", Injection),
    ("xp_cmdshell", Injection),
    ("waitfor delay", Injection),
    ("waitfor%20delay", Injection),
    ("pg_sleep(", Injection),
    ("extractvalue(", Injection),
    ("updatexml(", Injection),
    ("' or '1'='1", Injection),
    ("'%20or%20", Injection),
    ("%27%20or%20", Injection),
    ("%27+or+", Injection),
    ("php://input", Injection),
    ("php://filter", Injection),
    ("allow_url_include", Injection),
    ("auto_prepend_file", Injection),
    ("invokefunction", Injection),
    ("call_user_func", Injection),
    ("eval(base64", Injection),
    ("base64_decode(", Injection),
    ("{{7*7}}", Injection),
    ("${7*7}", Injection),
    ("cd+/tmp", Injection),
    ("cd%20/tmp", Injection),
    ("wget+http", Injection),
    ("wget%20http", Injection),
    ("/bin/sh", Injection),
    ("/bin/bash", Injection),
    ("class.module.classloader", Injection),
];

static IN_PATH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| matcher(PARTS));
static IN_QUERY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| matcher(QUERY));

fn matcher(parts: &[(&str, Sought)]) -> Option<AhoCorasick> {
    let parts = parts.iter().map(|(part, _)| part);
    AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst).build(parts).ok()
}

/// For each first byte, the lengths of the names that begin with it: most segments of most paths are none of them by that.
struct Lengths([u32; 256]);

static SEGMENT_LENGTHS: LazyLock<Lengths> = LazyLock::new(|| Lengths::of(SEGMENTS.iter().map(|(name, _)| *name)));
static PAIR_LENGTHS: LazyLock<Lengths> = LazyLock::new(|| Lengths::of(PAIRS.iter().map(|(first, ..)| *first)));

impl Lengths {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut lengths = [0; 256];
        for name in names {
            let first = name.as_bytes().first().and_then(|&first| lengths.get_mut(usize::from(first)));
            if let Some(bits) = first {
                *bits |= 1 << name.len().min(31);
            }
        }
        Self(lengths)
    }

    fn may_hold(&self, segment: &[u8]) -> bool {
        let Some(first) = segment.first() else { return false };
        let bits = self.0.get(usize::from(first.to_ascii_lowercase())).unwrap_or(&0);
        bits & 1 << segment.len().min(31) != 0
    }
}

/// Plain bytes: what names, ids and numbers are written with, and what joins them.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'&' | b',' | b'~')
}

/// The longest name of [`SEGMENTS`].
const LONGEST: usize = 24;

impl Sought {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Environment,
        Self::Repository,
        Self::Hidden,
        Self::Backup,
        Self::Traversal,
        Self::Injection,
        Self::Script,
        Self::Program,
        Self::Appliance,
    ];

    /// What a path, as on the wire, is after; `None` for what may well be the app's own. It allocates nothing.
    pub fn by(path: &[u8]) -> Option<Self> {
        // Standards put their own files here.
        if path.starts_with(b"/.well-known/") {
            return None;
        }
        let mut before = &b""[..];
        let by_name = path.split(|&byte| matches!(byte, b'/' | b';')).find_map(|segment| {
            Self::by_segment(segment).or_else(|| Self::by_pair(std::mem::replace(&mut before, segment), segment))
        });
        by_name.or_else(|| Self::by_part(path)).or_else(|| Self::by_ending(path))
    }

    /// What a query, as on the wire, is after. Only what nobody types: a word of SQL alone is none.
    pub fn in_query(query: &[u8]) -> Option<Self> {
        if query.iter().all(|&byte| is_plain(byte)) {
            return None;
        }
        found(IN_QUERY.as_ref(), QUERY, query)
    }

    fn by_part(path: &[u8]) -> Option<Self> {
        let plain = path.iter().all(|&byte| is_plain(byte) || matches!(byte, b'/' | b'.'));
        let plain = plain && memchr::memmem::find(path, b"..").is_none();
        if plain { None } else { found(IN_PATH.as_ref(), PARTS, path) }
    }

    fn by_pair(first: &[u8], second: &[u8]) -> Option<Self> {
        if !PAIR_LENGTHS.may_hold(first) {
            return None;
        }
        PAIRS.iter().find(|(one, other, _)| is(one, first) && is(other, second)).map(|&(.., sought)| sought)
    }

    fn by_segment(segment: &[u8]) -> Option<Self> {
        if segment.first() == Some(&b'.') && is_environment(segment) {
            return Some(Self::Environment);
        }
        if !SEGMENT_LENGTHS.may_hold(segment) {
            return None;
        }
        let mut lower = [0; LONGEST];
        let lower = lower.get_mut(..segment.len())?;
        lower.copy_from_slice(segment);
        lower.make_ascii_lowercase();
        let at = SEGMENTS.binary_search_by(|(name, _)| name.as_bytes().cmp(lower)).ok()?;
        SEGMENTS.get(at).map(|&(_, sought)| sought)
    }

    fn by_ending(path: &[u8]) -> Option<Self> {
        let dot = memchr::memrchr(b'.', path)?;
        let (stem, ending) = (path.get(..dot)?, path.get(dot + 1..)?);
        let by_ending = ENDINGS.iter().find(|(one, _)| is(one, ending)).map(|&(_, sought)| sought);
        by_ending.or_else(|| (ARCHIVES.iter().any(|one| is(one, ending)) && is_copy(stem)).then_some(Self::Backup))
    }

    /// What it is, as text says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Environment => "a file of environment variables",
            Self::Repository => "a folder of version control",
            Self::Hidden => "a hidden file",
            Self::Backup => "a copy of a database or of files",
            Self::Traversal => "a file outside of what is served",
            Self::Injection => "a hole to run something through",
            Self::Script => "a script of another language",
            Self::Program => "a program of another language",
            Self::Appliance => "a device or gateway",
        }
    }

    /// True if what is sought is a file whose content should be nobody else's.
    pub const fn is_file(self) -> bool {
        !matches!(self, Self::Program | Self::Appliance | Self::Injection)
    }
}

fn found(matcher: Option<&AhoCorasick>, parts: &[(&str, Sought)], text: &[u8]) -> Option<Sought> {
    let at = matcher?.find(text)?;
    parts.get(at.pattern().as_usize()).map(|&(_, sought)| sought)
}

fn is(name: &str, text: &[u8]) -> bool {
    name.as_bytes().eq_ignore_ascii_case(text)
}

/// True for the path of an archive, its last ending taken off, that is a copy of everything, or of a database.
fn is_copy(stem: &[u8]) -> bool {
    let (stem, inner) = memchr::memrchr(b'.', stem).map_or((stem, &b""[..]), |dot| {
        let (stem, inner) = stem.split_at(dot);
        (stem, inner.get(1..).unwrap_or_default())
    });
    let at_root = stem.strip_prefix(b"/").filter(|_| inner.is_empty() || is("tar", inner));
    is("sql", inner) || at_root.is_some_and(|name| COPIES.iter().any(|copy| is(copy, name)))
}

fn is_environment(segment: &[u8]) -> bool {
    let name = |part: &[u8]| part.eq_ignore_ascii_case(b".env");
    segment.get(..4).is_some_and(name) && matches!(segment.get(4), None | Some(b'.' | b'~' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scanners_ask_for_is_told_from_what_an_app_may_have() {
        for (path, sought) in [
            ("/.env", Some(Sought::Environment)),
            ("/api/v1/.ENV.local", Some(Sought::Environment)),
            ("/.git/config", Some(Repository)),
            ("/.ssh/id_rsa", Some(Hidden)),
            ("/admin/login.php", Some(Script)),
            ("/wp-admin/setup.php", Some(Program)),
            ("/actuator/env", Some(Program)),
            ("/HNAP1/", Some(Appliance)),
            ("/cgi-bin/luci/;stok=/locale", Some(Program)),
            ("/owa/auth/logon.aspx", Some(Appliance)),
            ("/telescope/requests", Some(Program)),
            ("/backup.sql", Some(Backup)),
            ("/backup.zip", Some(Backup)),
            ("/WWW.tar.gz", Some(Backup)),
            ("/data/shop.sql.gz", Some(Backup)),
            ("/downloads/backup.zip", None),
            ("/backup.zip/list", None),
            ("/release.tar.gz", None),
            ("/..%2f..%2f..%2fetc/passwd", Some(Traversal)),
            ("/$%7Bjndi:ldap://x/a%7D", Some(Injection)),
            ("/.well-known/acme-challenge/x.php", None),
            ("/team/project.git/info/refs", None),
            ("/.environment", None),
            ("/wp-news", None),
            ("/php", None),
            ("/docs", None),
            ("/admin", None),
            ("/login", None),
            ("/config.json", None),
            ("/metrics", None),
            ("/files/a..b.txt", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(Sought::by(path.as_bytes()), sought, "{path}");
        }
    }

    #[test]
    fn queries_are_attacks_only_where_nobody_types_them() {
        for (query, sought) in [
            ("lang=../../../../tmp/x", Some(Traversal)),
            ("id=1%27%20UNION%20SELECT%201,2,3--", Some(Injection)),
            ("q=%3Cscript%3Ealert(1)%3C/script%3E", Some(Injection)),
            ("q=select+a+trade+union", None),
            ("next=../items", None),
            ("limit=20&offset=700", None),
        ] {
            assert_eq!(Sought::in_query(query.as_bytes()), sought, "{query}");
        }
    }

    #[test]
    fn what_is_looked_for_in_plain_text_is_not_in_plain_text() {
        let dotted = |part: &str| part.contains("..");
        for (part, _) in PARTS {
            assert!(dotted(part) || !part.bytes().all(|byte| is_plain(byte) || b"/.".contains(&byte)), "{part}");
        }
    }

    #[test]
    fn the_names_are_in_order_and_fit() {
        assert!(SEGMENTS.is_sorted_by_key(|(name, _)| *name));
        assert!(SEGMENTS.iter().all(|(name, _)| name.len() <= LONGEST));
    }
}
