//! Files that an installation of nginx has beside its configuration, for where the configuration is read without them.
//!
//! Only what bears on an answer is kept of each: types, the parameters of `FastCGI` and its kin, and TLS settings do not.

use std::path::Path;

/// What Debian's package of nginx 1.22.1-9+deb12u3 and later puts there. Older ones send `$http_host` as `Host`.
const PROXY_PARAMS: &[u8] = b"proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
";

/// `snippets/fastcgi-php.conf` of Debian, less the parameters.
const FASTCGI_PHP: &[u8] = b"fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
try_files $fastcgi_script_name =404;
set $path_info $fastcgi_path_info;
fastcgi_param PATH_INFO $path_info;
fastcgi_index index.php;
";

/// The contents of a file that every installation has, by the end of its name.
pub(super) fn file(path: &Path) -> Option<&'static [u8]> {
    let known: [(&str, &[u8]); 12] = [
        ("proxy_params", PROXY_PARAMS),
        ("snippets/fastcgi-php.conf", FASTCGI_PHP),
        ("snippets/snakeoil.conf", b""),
        ("mime.types", b""),
        ("fastcgi_params", b""),
        ("fastcgi.conf", b""),
        ("uwsgi_params", b""),
        ("scgi_params", b""),
        ("koi-utf", b""),
        ("koi-win", b""),
        ("win-utf", b""),
        // certbot
        ("options-ssl-nginx.conf", b""),
    ];
    known.into_iter().find(|(name, _)| path.ends_with(name)).map(|(_, contents)| contents)
}
