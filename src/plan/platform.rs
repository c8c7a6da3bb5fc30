//! Platforms as they are written, and whether they are the same.

/// Whether an image for `runs` is what `asked` asks for: a variant that one of them leaves out is any.
pub fn is_for(runs: &str, asked: &str) -> bool {
    let (runs, asked) = (parts(runs), parts(asked));
    runs.iter().zip(&asked).all(|(one, other)| one == other)
}

/// Operating system, processor and variant, by the names that images have.
fn parts(platform: &str) -> Vec<&str> {
    let name = |part| match part {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        part => part,
    };
    platform.split('/').map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_the_same_whatever_their_names() {
        assert!(is_for("linux/amd64", "linux/amd64") && is_for("linux/amd64", "linux/x86_64"));
        assert!(is_for("linux/arm64/v8", "linux/arm64") && is_for("linux/arm64", "linux/aarch64"));
        assert!(!is_for("linux/amd64", "linux/arm64") && !is_for("linux/arm/v6", "linux/arm/v7"));
    }
}
