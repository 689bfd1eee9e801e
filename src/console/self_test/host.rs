//! What a program has from this crate, and from the machine it runs on.

use crate::fingerprint;
use crate::identity::Identity;
use keyferry_bundle::{Digest, Envelope};
use keyferry_ceremony::self_test::{SelfTest, hex};
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

pub(super) fn tests() -> [SelfTest; 5] {
    [
        SelfTest::answer(
            "fingerprint in words",
            "PGP word list, its own example",
            &hex("e58294f2e9a227486e8b061b31cc528fd7fa3f19 000000000000000000000000"),
            b"topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator\n\
              goldfish Medusa afflict bravado chatter revolver Dupont midsummer\n\
              stopwatch whimsical cowbell bottomless aardvark adroitness aardvark adroitness\n\
              aardvark adroitness aardvark adroitness aardvark adroitness aardvark adroitness",
            |bytes| {
                let digest = bytes.try_into().map_err(|_| "it is no digest")?;
                Ok(fingerprint::words(&Digest::from_bytes(digest)).into_bytes())
            },
        ),
        SelfTest::holds("identity: seals, opens and signs", "age v1, PKCS#8", identity),
        SelfTest::holds("random numbers", "the operating system", random),
        SelfTest::holds("core dumps are off", "the kernel", core_dumps),
        SelfTest::holds("others cannot read this process", "the kernel", undumpable),
    ]
}

fn identity() -> Result<(), String> {
    let told = |failure: crate::Failure| [vec![failure.error], failure.because].concat().join(": ");
    let (_, file) = Identity::create("self-test".to_owned().into()).map_err(told)?;
    if Identity::open(&file, "self-tesT".to_owned().into()).is_ok() {
        return Err("it opens with another passphrase".to_owned());
    }
    let identity = Identity::open(&file, "self-test".to_owned().into()).map_err(told)?;
    let mut envelope = Envelope::unsigned("self-test".to_owned(), b"{}".to_vec());
    identity.sign(&mut envelope).map_err(told)?;
    let key = identity.public_key().map_err(told)?;
    let verifies = |bytes: &[u8]| key.verifies(&envelope.pae(), bytes);
    match envelope.signatures() {
        [signature] if verifies(&signature.bytes) => Ok(()),
        _ => Err("its signature does not verify".to_owned()),
    }
}

/// That it is there and not stuck; how good it is, no program can tell.
fn random() -> Result<(), String> {
    let mut drawn = [[0_u8; 32]; 2];
    for bytes in &mut drawn {
        getrandom::fill(bytes).map_err(|error| error.to_string())?;
    }
    let [first, second] = drawn;
    let stuck = first == second || first == [0; 32];
    if stuck { Err("it gives the same twice".to_owned()) } else { Ok(()) }
}

fn core_dumps() -> Result<(), String> {
    let limit = getrlimit(Resource::Core);
    if (limit.current, limit.maximum) == (Some(0), Some(0)) {
        Ok(())
    } else {
        Err("their size is not limited to nothing".to_owned())
    }
}

fn undumpable() -> Result<(), String> {
    match dumpable_behavior() {
        Ok(DumpableBehavior::NotDumpable) => Ok(()),
        Ok(_) => Err("another process of this user could".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
