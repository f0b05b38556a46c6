//! What all calls of one client share.

use flow_errors::Result;

use crate::BaseUrl;
use crate::gates::Gates;
use crate::options::{Checked, Options};

/// A client's checked settings and the state its calls share.
pub struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) defaults: Checked,
    pub(crate) gates: Gates,
}

/// A client's settings with the options of one call over them.
pub(crate) struct CallSettings<'a> {
    pub(crate) client: &'a Settings,
    pub(crate) checked: Checked,
}

impl Settings {
    pub(crate) fn with(&self, options: Options) -> Result<CallSettings<'_>> {
        Ok(CallSettings { client: self, checked: self.defaults.with(options)? })
    }

    /// Returns whether a call with these options may ask other models than its own.
    pub(crate) fn falls_back(&self, options: &Options) -> bool {
        match &options.fallback_models {
            Some(models) => !models.is_empty(),
            None => self.defaults.fallback_models.is_some(),
        }
    }

    /// Returns how many attempts are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.gates.in_flight()
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url.as_str())
            .field("api_key", &self.defaults.api_key)
            .field("retry", &self.defaults.policy)
            .field("timeouts", &self.defaults.timeouts)
            .field("fallback_models", &self.defaults.fallback_models)
            .finish_non_exhaustive()
    }
}
