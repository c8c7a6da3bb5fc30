//! In: help texts with commands of topo. Out: the same with the arguments that select the topology.

/// How to type another command about the same topology: `topo up` as `topo up shop.yaml`, or as
/// `topo -p shop up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// The text before the command's name: `topo`, `topo -p shop`.
    pub before: String,
    /// The arguments after its own options: `shop.yaml`.
    pub after: String,
}

impl Default for Commands {
    fn default() -> Self {
        Self { before: "topo".to_owned(), after: String::new() }
    }
}

impl Commands {
    /// The whole command line: `topo down -v shop.yaml`.
    pub fn line(&self, command: &str) -> String {
        let Self { before, after } = self;
        let space = if after.is_empty() { "" } else { " " };
        format!("{before} {command}{space}{after}")
    }

    /// A text with every `` `topo COMMAND` `` in it replaced as [`Commands::line`] does.
    pub fn filled_in(&self, text: &str) -> String {
        const START: &str = "`topo ";
        let mut pieces = text.split(START);
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            filled += &match piece.split_once('`') {
                Some((command, rest)) => format!("`{}`{rest}", self.line(command)),
                None => format!("{START}{piece}"),
            };
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_a_text_select_the_topology() {
        let of_file = Commands { before: "topo".to_owned(), after: "shop.yaml".to_owned() };
        assert_eq!(
            of_file.filled_in("`docker ps`, then `topo down -v` or `topo up`: now"),
            "`docker ps`, then `topo down -v shop.yaml` or `topo up shop.yaml`: now"
        );
        let of_project = Commands { before: "docker-compose -p shop".to_owned(), after: String::new() };
        assert_eq!(of_project.filled_in("run `topo up`"), "run `docker-compose -p shop up`");
        assert_eq!(Commands::default().filled_in("topo `up`, `topo "), "topo `up`, `topo ");
    }
}
