//! Words of the ceremony.

use super::word_type;

word_type!(
    /// Whether a bundle is meant. Nothing of one environment is accepted in the other.
    Environment {
        /// Real keys: nothing that weakens a rule is accepted.
        Production = "production",
        /// Practice, usually against the virtual services.
        Rehearsal = "rehearsal",
    }
);

word_type!(
    /// What a signature is for. Thresholds stand in the policy.
    Role {
        /// May replace the policy.
        PolicyRoot = "policy-root",
        /// Approves plans.
        CeremonyOfficer = "ceremony-officer",
        /// Fetches requests and uploads responses with AWS credentials.
        OnlineOperator = "online-operator",
        /// The HSM itself, with the signing key of its device bundle.
        HsmSigner = "hsm-signer",
        /// Was in the room and saw it.
        Witness = "witness",
    }
);
