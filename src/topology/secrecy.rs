//! In: a literal text of the topology, and its place. Out: whether it looks like a secret. Must
//! not: judge values from variables, which are always hidden.
//!
//! A list of words is never complete, so it is only the last of three filters: a value is shown
//! when it is literal text of the topology, and neither its name nor its shape nor its position
//! among arguments suggests a secret.

pub use crate::diagnostic::HIDDEN;

/// How to see hidden values.
pub const HIDDEN_VALUES: &str =
    "values that come from variables or look like secrets are hidden: `--show-values` shows them";

/// Names that contain these anywhere hold secrets.
const ANYWHERE: &[&str] = &[
    "passw",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "private",
    "authoriz",
    "htpasswd",
    "basicauth",
    "connectionstring",
    "connstr",
    "kennwort",
    "senha",
    "requirepass",
    "masterauth",
    "bearer",
    "webhook",
];

/// Names with these words hold secrets, even at the end of a longer word, as in `PGPWD`.
const WORDS: &[&str] =
    &["pass", "pwd", "pw", "pin", "creds", "cred", "jwt", "dsn", "key", "keys", "otp", "psk"];

/// Names with these words hold secrets, if the word stands alone.
const WHOLE_WORDS: &[&str] = &[
    "auth",
    "salt",
    "seed",
    "sig",
    "signature",
    "cookie",
    "session",
    "cert",
    "pat",
    "sas",
    "mfa",
    "totp",
    "users",
];

/// Prefixes of tokens of well-known services.
const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "AKIA",
    "ASIA",
    "sk-",
    "sk_",
    "rk_",
    "pk_live_",
    "whsec_",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "AIza",
    "ya29.",
    "eyJ",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hvs.",
    "hvb.",
    "SG.",
    "shpat_",
    "dckr_pat_",
    "AGE-SECRET-KEY-",
    "hf_",
    "tskey-",
    "lin_api_",
    "PMAK-",
    "sq0",
    "EAACEdEose0cBA",
    "$apr1$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$argon2",
    "{SHA}",
    "{SSHA}",
];

/// The fewest characters of a token: anything shorter is a word.
const TOKEN: usize = 16;

/// Whether a name suggests that its value is a secret.
pub fn names_a_secret(name: &str) -> bool {
    let parts = words_of(name);
    let joined = parts.concat();
    ANYWHERE.iter().any(|part| joined.contains(part))
        || parts.iter().any(|word| {
            WHOLE_WORDS.contains(&word.as_str()) || WORDS.iter().any(|ending| word.ends_with(ending))
        })
}

/// Whether a text looks like a secret, or contains one.
pub fn looks_secret(text: &str) -> bool {
    text.contains("-----BEGIN")
        || has_credentials(text)
        || has_named_secret(text)
        || text.split(is_separator).any(is_token)
        || text.split(|letter| letter != '/' && is_separator(letter)).any(is_base64)
        || {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.len() > 1 && secret_words(&words).contains(&true)
        }
}

/// Which words of a command line are secrets, or contain one: by their shape, or because of an
/// option before them.
pub fn secret_words(words: &[&str]) -> Vec<bool> {
    let is_secret = |(index, word): (usize, &&str)| {
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        before.is_some_and(|option| announces_secret(option, word))
            || holds_short_option(word)
            || looks_secret(word)
    };
    words.iter().enumerate().map(is_secret).collect()
}

/// `--password x`, `-a x`, `requirepass x`, `-u user:x`, `Bearer x`.
fn announces_secret(option: &str, word: &str) -> bool {
    let name = option.trim_start_matches('-').trim_end_matches(':');
    match option {
        "-p" | "-a" | "-P" | "-w" | "-W" => return true,
        "-u" | "--user" | "-U" => return word.contains(':'),
        _ => {}
    }
    let is_name = !name.is_empty() && !option.contains('=') && !option.contains(char::is_whitespace);
    is_name && names_a_secret(name) && !word.starts_with("--")
}

/// `-psecret`, `-uname:secret`.
fn holds_short_option(word: &str) -> bool {
    let is_option = |letter: &str| word.strip_prefix(letter).is_some_and(|rest| !rest.is_empty());
    is_option("-p") || (is_option("-u") && word.contains(':'))
}

/// `scheme://user:word@host`, `scheme://token@host`, `user:word@tcp(host)/`.
fn has_credentials(text: &str) -> bool {
    let in_address = |rest: &str| {
        let account = rest.split(['?', '#', ' ', '"', '\'']).next().unwrap_or_default();
        account.contains('@')
    };
    let is_dsn = |word: &str| {
        let account = word.split_once('@').map(|(account, _)| account);
        account
            .and_then(|account| account.split_once(':'))
            .is_some_and(|(user, word)| !user.is_empty() && !word.is_empty() && !user.contains('/'))
    };
    text.match_indices("://").any(|(at, sign)| in_address(&text[at + sign.len()..]))
        || text.split_whitespace().any(is_dsn)
}

/// `Password=x;`, `--api-key=x`, `?token=x`, `"password": "x"`.
fn has_named_secret(text: &str) -> bool {
    let before_sign = |at: usize| {
        let name = text[..at].trim_end_matches(['"', '\'', ' ']);
        let start = name.rfind(|letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter)));
        &name[start.map_or(0, |start| start + name[start..].chars().next().map_or(1, char::len_utf8))..]
    };
    let is_given = |at: usize| text[at + 1..].starts_with(|letter: char| letter != '/');
    text.match_indices(['=', ':']).any(|(at, _)| is_given(at) && names_a_secret(before_sign(at)))
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || "\"'`,;:&?=()[]{}|@<>/\\".contains(letter) && letter != '{' && letter != '}'
}

/// A word that looks generated.
fn is_token(word: &str) -> bool {
    let long_enough = word.len() >= TOKEN;
    if PREFIXES.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 8)) {
        return true;
    }
    long_enough && word.split(['-', '_', '.']).any(is_random) || is_uuid(word)
}

/// A run of letters and digits that alternate often, as in digests and keys.
fn is_random(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let bytes = run.as_bytes();
    let changes = bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    run.len() >= TOKEN && digits > 0 && digits < run.len() && changes >= 3
}

/// A long word with slashes that is not a path.
fn is_base64(word: &str) -> bool {
    let has = |is_kind: fn(&u8) -> bool| word.bytes().any(|byte| is_kind(&byte));
    word.len() >= 2 * TOKEN
        && !word.starts_with(['/', '.', '~'])
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The words of a name in lower case: `dbPassword`, `DB_PASSWORD` and `db-password` have two.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let begins = !letter.is_alphanumeric() || (letter.is_uppercase() && was_small);
        was_small = letter.is_lowercase() || letter.is_ascii_digit();
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_secret_in_many_ways() {
        for name in [
            "DB_PW",
            "PGPASSWORD",
            "MYSQL_PWD",
            "SMTP_CREDS",
            "ENCRYPTION_KEYS",
            "JWT",
            "CONNECTION_STRING",
            "connectionString",
            "SENTRY_DSN",
            "GITHUB_TOKEN",
            "apiKey",
            "splunk-token",
            "BASIC_AUTH",
            "DBPASS",
            "traefik.http.middlewares.a.basicauth.users",
            "SECRET_KEY_BASE",
            "private-key",
            "X_PIN",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in ["DEBUG", "LOG_LEVEL", "PORT", "traefik.enable", "HOSTNAME", "TZ", "WORKERS", "AUTHOR"] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn shapes_of_secrets_are_known() {
        for text in [
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            "-----BEGIN PRIVATE KEY-----",
            "postgres://app:word@db/app",
            "https://token@host/x",
            "root:word@tcp(db:3306)/app",
            "Server=h;Password=word;",
            "host=db user=app password=word",
            "jdbc:mysql://db/app?user=a&password=b",
            "{\"token\": \"x\"}",
            "sh -c 'serve --password word'",
            "curl -u admin:word http://a",
            "admin:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "0123456789abcdef0123456789abcdef",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "username=a,password=b",
        ] {
            assert!(looks_secret(text), "{text}");
        }
        for text in [
            "debug",
            "1",
            "http://db:5432/app",
            "nginx:1.27-alpine",
            "/usr/local/lib/python3.12/site-packages",
            "Host(`example.org`)",
            "0.0.0.0:8080",
            "redis://cache:6379/0",
            "--workers=4",
            "2024-05-01T10:00:00Z",
            "gunicorn --bind 0.0.0.0:8000 app:app",
            "type=tmpfs,size=64m",
            "com.docker.network.bridge.enable_icc",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }

    #[test]
    fn arguments_are_secret_because_of_the_option_before_them() {
        let secret = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let secret = secret_words(&words);
            words
                .into_iter()
                .zip(secret)
                .filter(|(_, secret)| *secret)
                .map(|(word, _)| word.to_owned())
                .collect::<Vec<String>>()
        };
        let none: Vec<String> = Vec::new();
        assert_eq!(secret("redis-cli -a word ping"), ["word"]);
        assert_eq!(secret("mysqladmin ping -pword -u root"), ["-pword"]);
        assert_eq!(secret("curl -u a:word http://a"), ["a:word"]);
        assert_eq!(secret("redis-server --requirepass word --port 1"), ["word"]);
        assert_eq!(secret("serve --api-key=word --port=80"), ["--api-key=word"]);
        assert_eq!(secret("nginx -g daemon off; -c /etc/nginx.conf"), none);
    }
}
