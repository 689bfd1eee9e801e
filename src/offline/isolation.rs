//! Whether this host is off every network.

use keyferry_bundle::Environment;
use keyferry_bundle::kinds::Isolation;
use keyferry_console::{Exit, Failure, Screen};
use std::path::Path;

/// Linux tells the interfaces' flags here (`net/if.h`: `IFF_UP`, `IFF_LOOPBACK`).
const INTERFACES: &str = "/sys/class/net";
const UP: u32 = 0x1;
const LOOPBACK: u32 = 0x8;

/// Names every interface that is up and not the loopback.
///
/// # Errors
/// When it cannot be told, which counts as being on a network.
pub fn interfaces_up(folder: &Path) -> Result<Vec<String>, String> {
    let mut up = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Beside the interfaces there are plain files, such as `bonding_masters`. An interface that tells nothing may be up.
        if !entry.path().is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(entry.path().join("flags"))
            .map_err(|error| format!("{name}: {error}"))?;
        let digits = text.trim().trim_start_matches("0x");
        let flags = u32::from_str_radix(digits, 16).map_err(|error| format!("{name}: {error}"))?;
        if flags & UP != 0 && flags & LOOPBACK == 0 {
            up.push(name);
        }
    }
    up.sort();
    Ok(up)
}

/// Checks the host. `allow_network` goes on regardless in a rehearsal, with a warning and a statement in the response.
///
/// # Errors
/// [`Exit::Policy`] on a network without the override, and in production even with it.
pub fn check(
    environment: Environment,
    allow_network: bool,
    screen: &Screen,
) -> Result<Isolation, Failure> {
    judge(Path::new(INTERFACES), environment, allow_network, screen)
}

fn judge(
    folder: &Path,
    environment: Environment,
    allow_network: bool,
    screen: &Screen,
) -> Result<Isolation, Failure> {
    let because = match interfaces_up(folder) {
        Ok(up) if up.is_empty() => return Ok(Isolation::Isolated),
        Ok(up) => format!("network interface {} is up", up.join(", ")),
        Err(problem) => format!("the network interfaces cannot be told: {problem}"),
    };
    let refused = || {
        Failure::new(Exit::Policy, "not-isolated", "this host is not off every network")
            .because(&because)
    };
    match (environment, allow_network) {
        (Environment::Rehearsal, true) => {
            screen.warn(format!("{because}; going on, since this is a rehearsal"));
            Ok(Isolation::Overridden)
        }
        (Environment::Rehearsal, false) => {
            Err(refused().hint("switch the network off, or rehearse with --allow-network"))
        }
        (Environment::Production, _) => {
            Err(refused().hint("switch the network off: production has no override"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(folder: &Path, name: &str, flags: &str) {
        std::fs::create_dir(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("flags"), flags).unwrap();
    }

    #[test]
    fn only_the_loopback_may_be_up() {
        let folder = tempfile::tempdir().unwrap();
        let interface = |name: &str, flags: &str| interface(folder.path(), name, flags);
        interface("lo", "0x9\n");
        interface("eth1", "0x1002\n");
        std::fs::write(folder.path().join("bonding_masters"), "").unwrap();
        assert_eq!(interfaces_up(folder.path()), Ok(vec![]));
        interface("eth0", "0x1003\n");
        assert_eq!(interfaces_up(folder.path()), Ok(vec!["eth0".to_owned()]));
        interface("odd", "up\n");
        assert!(interfaces_up(folder.path()).is_err());
        assert!(interfaces_up(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn an_interface_that_tells_nothing_counts_as_up() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("eth0")).unwrap();
        assert!(interfaces_up(folder.path()).unwrap_err().starts_with("eth0: "));
    }

    #[test]
    fn a_host_on_a_network_is_refused_unless_it_is_a_rehearsal_that_says_so() {
        let screen = Screen::new(false);
        let folder = tempfile::tempdir().unwrap();
        let judged = |environment, allow| judge(folder.path(), environment, allow, &screen);
        for environment in [Environment::Production, Environment::Rehearsal] {
            for allow in [true, false] {
                assert_eq!(judged(environment, allow), Ok(Isolation::Isolated));
            }
        }
        interface(folder.path(), "eth0", "0x1003\n");
        assert_eq!(judged(Environment::Rehearsal, true), Ok(Isolation::Overridden));
        for (environment, allow) in [
            (Environment::Rehearsal, false),
            (Environment::Production, true),
            (Environment::Production, false),
        ] {
            let refused = judged(environment, allow).unwrap_err();
            assert_eq!((refused.exit, refused.code), (Exit::Policy, "not-isolated"));
            assert!(refused.because[0].contains("eth0"), "{:?}", refused.because);
        }
    }
}
