//! Commands of the pages that are copied: none shows a secret to the other users of a machine.

use super::files::read;
use super::pages::pages;

/// The commands of a page that start one of these programs, each as far as its arguments go.
fn commands(page: &str) -> Vec<String> {
    const PROGRAMS: [&str; 9] = [
        "curl", "wget", "http", "helm", "oras", "docker", "crane", "skopeo", "npx",
    ];
    // A line that ends in a backslash goes on in the next one.
    let joined = page.replace("\\\n", " ");
    let parts = joined
        .lines()
        .flat_map(|line| line.split(['|', '`', ';', '&']));
    let command = |part: &str| {
        let words: Vec<&str> = part.split_whitespace().collect();
        let program = words.iter().position(|word| PROGRAMS.contains(word))?;
        Some(words.get(program..)?.join(" "))
    };
    parts.filter_map(command).collect()
}

/// Whether a command has a secret among its arguments: a variable or placeholder that is called one, a header that is one, a user
/// with a password, a password in an address.
fn shows_a_secret(command: &str) -> bool {
    let secret = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["TOKEN", "PASS", "SECRET", "_KEY"]
            .iter()
            .any(|word| name.contains(word))
    };
    let name_at = |rest: &str| {
        let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        rest.split(ends).next().unwrap_or_default().to_owned()
    };
    let variable = command
        .split('$')
        .skip(1)
        .any(|rest| secret(&name_at(rest.trim_start_matches(['{', '(']))));
    let placeholder = command
        .split('<')
        .skip(1)
        .any(|rest| secret(rest.split('>').next().unwrap_or_default()));
    let header = ["authorization:", "x-registry-auth:", "bearer "]
        .iter()
        .any(|header| command.to_ascii_lowercase().contains(header));
    let user = ["--user", "-u"].iter().any(|option| {
        let mut words = command.split([' ', '=']).skip_while(|word| word != option);
        words.nth(1).is_some_and(|value| value.contains(':'))
    });
    let address = command.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.is_some_and(|user| user.contains(':'))
    });
    variable || placeholder || header || user || address
}

/// Every user of a machine can read the arguments of its programs: recipes give secrets to them by their standard input.
#[test]
fn recipes_pass_no_secret_in_arguments() {
    let mut seen = 0;
    for page in pages() {
        for command in commands(&read(&page)) {
            seen += usize::from(command.starts_with("curl "));
            assert!(!shows_a_secret(&command), "{}: {command}", page.display());
        }
    }
    assert!(seen >= 5, "no command is found");
}

#[test]
fn a_recipe_that_shows_a_secret_is_found() {
    for recipe in [
        "curl --header \"Authorization: Bearer $ADMIN_TOKEN\" https://charts.acme.example/info",
        "curl --silent \\\n  -H 'authorization: Bearer x' https://charts.acme.example/info",
        "run: sudo curl -u reader:secret https://charts.acme.example/index.yaml",
        "curl --user=reader:$X https://charts.acme.example/index.yaml",
        "curl https://reader:secret@charts.acme.example/index.yaml",
        "curl --form token=$ADMIN_TOKEN https://charts.acme.example/info",
        "curl --data \"${WEBHOOK_SECRET}\" https://charts.acme.example/info",
        "true && helm repo add charts https://charts.acme.example --password \"$CHARTS_PASSWORD\"",
        "with `helm repo add charts https://charts.acme.example --password <token>`",
        "echo x | npx wrangler deploy --var ADMIN_TOKEN:$T --var X:$ADMIN_TOKEN",
    ] {
        assert!(
            commands(recipe)
                .iter()
                .any(|command| shows_a_secret(command)),
            "{recipe}"
        );
    }
    for recipe in [
        "printf 'Authorization: Bearer %s\\n' \"$ADMIN_TOKEN\" | curl --silent --header @- https://charts.acme.example/info",
        "npx wrangler secret put ADMIN_TOKEN",
        "export HELM_REPO_ACCESS_TOKEN=\"$ADMIN_TOKEN\"",
        "helm repo add charts https://charts.acme.example --username reader --password-stdin",
    ] {
        assert!(
            !commands(recipe)
                .iter()
                .any(|command| shows_a_secret(command)),
            "{recipe}"
        );
    }
}
