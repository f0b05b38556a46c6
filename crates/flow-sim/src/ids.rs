//! Names, numbers and chance that follow from the seed, never from a clock or from chance.

/// Makes the ids of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    seed: u64,
}

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The `x-request-id` of the request numbered `seq`.
    pub(crate) fn request(self, seq: u64) -> String {
        format!("req_sim_{:016x}", mix(mix(self.seed).wrapping_add(seq)))
    }

    /// The `id` of the completion that answers the request numbered `seq`.
    pub(crate) fn completion(self, seq: u64) -> String {
        format!("chatcmpl-sim{:016x}", mix(mix(!self.seed).wrapping_add(seq)))
    }

    /// The `id` of the tool call in one of the choices that answer the request numbered `seq`.
    pub(crate) fn call(self, seq: u64, choice: u64) -> String {
        let number = mix(mix(self.seed.rotate_left(32)).wrapping_add(seq)).wrapping_add(choice);
        format!("call_sim{:016x}", mix(number))
    }

    /// What decides whether the request numbered `seq` fails by chance.
    pub(crate) const fn chance(self, seq: u64) -> u64 {
        mix(mix(self.seed.rotate_left(16)).wrapping_add(seq))
    }

    /// What decides how long the request numbered `seq` is worked on.
    pub(crate) const fn pace(self, seq: u64) -> u64 {
        mix(mix(self.seed.rotate_left(48)).wrapping_add(seq))
    }
}

/// Spreads the bits of `value`: one step of `SplitMix64`.
pub(crate) const fn mix(value: u64) -> u64 {
    let mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Hashes bytes to a number (FNV-1a): the same ones give the same number on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
