//! Keys by name, or a ceremony that stands for the keys of its plan.

use crate::chain::Chain;
use crate::kms::KeyRef;
use keyferry_bundle::Environment;
use keyferry_bundle::kinds::Target;
use keyferry_console::Failure;
use keyferry_console::args::{CeremonyArgs, TrustArg};
use std::path::Path;

/// Which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct Subjects {
    /// Key ids, key ARNs, aliases (alias/NAME), or the folder of one ceremony
    #[arg(required = true, value_name = "KEY|CEREMONY")]
    pub keys: Vec<String>,

    /// Where the pinned policy is, for a ceremony.
    #[command(flatten)]
    pub trust: TrustArg,
}

/// Keys with the names they go by here.
pub(crate) type Named = Vec<(String, KeyRef)>;

impl Subjects {
    /// The keys, and the environment where a ceremony says it.
    pub(crate) fn read(&self) -> Result<(Named, Option<Environment>), Failure> {
        if let [folder] = self.keys.as_slice()
            && Path::new(folder).is_dir()
        {
            let ceremony = CeremonyArgs { folder: folder.into(), trust: self.trust.clone() };
            let chain = Chain::open(&ceremony)?;
            let plan = chain.plan.body();
            let named = |target: &Target| (target.name.to_string(), KeyRef::from(&target.key));
            return Ok((plan.targets.iter().map(named).collect(), Some(plan.environment)));
        }
        let parse = |text: &String| {
            let key = text.parse().map_err(|problem: String| {
                Failure::usage(format!("{text} is neither a key nor a folder")).because(problem)
            });
            Ok((text.clone(), key?))
        };
        self.keys.iter().map(parse).collect::<Result<_, _>>().map(|keys| (keys, None))
    }
}
