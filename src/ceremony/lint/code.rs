//! The stable names of findings.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// Which thing a finding is about; documented in `docs/plan-lint.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name that scripts get.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

codes! {
    /// The file, its fields or its signatures are refused.
    Bundle = "bundle",
    /// It does not fit the policy's digest, the device bundle, or what AWS and the HSM can do.
    Chain = "chain",
    /// It asks for what the policy does not allow.
    Policy = "policy",
    /// Too few officers are left whose signature would count.
    QuorumOutOfReach = "quorum-out-of-reach",
    /// The HSM's firmware does not do what a target needs.
    Firmware = "firmware",
    /// KMS would not take the expiration now.
    Expiration = "expiration",
    /// Its keys are in several accounts, and a request is made by one.
    SeveralAccounts = "several-accounts",
    /// A key and its replica would get different key materials.
    ReplicaMaterial = "replica-material",
    /// It is not the plan that follows the one before.
    Order = "order",
    /// Signatures are still missing.
    Quorum = "quorum",
    /// Nobody is left who can sign as an operator or a witness, by this clock.
    KeysExpired = "keys-expired",
    /// The policy has expired or is about to, by this clock.
    PolicyExpires = "policy-expires",
    /// It is for a rehearsal.
    Rehearsal = "rehearsal",
    /// It was made in the future, by this clock.
    Clock = "clock",
    /// It follows a plan that is not looked at here.
    Previous = "previous",
    /// An object id that the plan before had already.
    ObjectIdUsed = "object-id-used",
    /// Its keys are in several Regions.
    SeveralRegions = "several-regions",
    /// A multi-Region key: its replicas need key material of their own import, after the primary.
    MultiRegion = "multi-region",
    /// Fetching takes long, at one call a second.
    FetchTime = "fetch-time",
    /// More objects than the HSM's store holds.
    Store = "store",
    /// What was encrypted under older key material needs that.
    OlderGenerations = "older-generations",
    /// The key material came from another HSM and must be restored first.
    Restore = "restore",
    /// Key material expires soon.
    ExpiresSoon = "expires-soon",
    /// The expiration is hardly less than AWS's limit.
    ExpiryNearLimit = "expiry-near-limit",
    /// No copy outlives the HSM.
    Copies = "copies",
    /// Nothing attests a private key.
    Attestation = "attestation",
    /// Object ids lie next to each other or to the HSM's own keys.
    ObjectIds = "object-ids",
    /// Two objects have one label.
    Labels = "labels",
    /// An export does not pass over USB.
    Connector = "connector",
    /// The plan allows the HSM fewer starts than reading its last log and the room take.
    Starts = "starts",
    /// The audit log has no room for it all at once.
    Log = "log",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
